#include "core/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>

#include "core/base/boundary.h"
#include "core/base/json.h"

namespace cairn {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return io_error("write", path, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_path(const fs::path& path) {
  note_change("sync", path.native());
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return io_error("open", path, errno);
  if (::fsync(fd.get()) != 0) return io_error("sync", path, errno);
  return {};
}

fs::path folder_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

class RealAppendFile final : public AppendFile {
 public:
  RealAppendFile(int fd, std::string path, std::uint64_t size)
      : fd_(fd), path_(std::move(path)), size_(size) {}

  Result<void> append(std::string_view bytes) override {
    note_change("append to", path_);
    CAIRN_TRY(write_all(fd_.get(), bytes, path_));
    size_ += bytes.size();
    return {};
  }
  Result<void> sync() override {
    note_change("sync", path_);
    if (::fdatasync(fd_.get()) != 0) return io_error("sync", path_, errno);
    return {};
  }
  std::uint64_t size() const override { return size_; }

 private:
  Descriptor fd_;
  std::string path_;
  std::uint64_t size_;
};

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<AppendFile>> open_append(const fs::path& path) override {
    note_change("open", path.native());
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) return io_error("open", path, errno);
    struct stat info {};
    if (::fstat(fd, &info) != 0) {
      const int failure = errno;
      ::close(fd);
      return io_error("inspect", path, failure);
    }
    return std::unique_ptr<AppendFile>(std::make_unique<RealAppendFile>(
        fd, path.string(), static_cast<std::uint64_t>(info.st_size)));
  }

  Result<void> truncate(const fs::path& path, std::uint64_t size) override {
    note_change("truncate", path.native());
    if (::truncate(path.c_str(), static_cast<off_t>(size)) != 0) {
      return io_error("truncate", path, errno);
    }
    return sync_path(path);
  }

  Result<void> write_atomic(const fs::path& path, std::string_view bytes) override {
    note_change("write", path.native());
    std::string temporary;
    {
      const Descriptor fd(create_beside(path, temporary));
      if (fd.get() < 0) return io_error("create a file beside", path, errno);
      auto written = write_all(fd.get(), bytes, path);
      if (written.ok() && ::fsync(fd.get()) != 0) written = io_error("sync", path, errno);
      if (!written.ok()) {
        ::unlink(temporary.c_str());
        return written;
      }
    }
    return rename(temporary, path);
  }

  // A new file with a name of its own; unlike mkstemp's its mode is what the umask leaves.
  static int create_beside(const fs::path& path, std::string& name) {
    for (;;) {
      std::random_device device;
      name = path.string() + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(device());
      const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
      if (fd >= 0 || errno != EEXIST) return fd;
    }
  }

  Result<void> rename(const fs::path& from, const fs::path& to) override {
    note_change("rename to", to.native());
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return io_error("rename " + from.string() + " to", to, errno);
    }
    return sync_path(folder_of(to));
  }

  Result<void> make_directories(const fs::path& path) override {
    note_change("create folder", path.native());
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return io_error("create folder", path, error.value());
    return {};
  }

  Result<void> remove_all(const fs::path& path) override {
    note_change("remove", path.native());
    std::error_code error;
    fs::remove_all(path, error);
    if (error) return io_error("remove", path, error.value());
    return {};
  }

  Result<void> sync(const fs::path& path) override { return sync_path(path); }

  Result<void> sync_tree(const fs::path& path) override {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
           it.increment(error)) {
        if (it->is_symlink()) continue;
        CAIRN_TRY(sync_path(it->path()));
      }
      if (error) return io_error("list", path, error.value());
    }
    return sync_path(path);
  }

  Result<std::string> read(const fs::path& path) override {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return io_error("open", path, errno);
    std::string bytes;
    char buffer[1 << 16];
    for (;;) {
      const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
      if (got < 0) {
        if (errno == EINTR) continue;
        return io_error("read", path, errno);
      }
      if (got == 0) return bytes;
      bytes.append(buffer, static_cast<std::size_t>(got));
    }
  }
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem file_system;
  return file_system;
}

Result<Digest> hash_file(const fs::path& file) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return io_error("open", file, errno);
  Hasher hasher;
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0) {
      if (errno == EINTR) continue;
      return io_error("read", file, errno);
    }
    if (got == 0) return hasher.finish();
    hasher.update({buffer.data(), static_cast<std::size_t>(got)});
  }
}

Result<std::vector<TreeEntry>> hash_tree(const fs::path& folder) {
  std::vector<TreeEntry> entries;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_symlink() || !(it->is_regular_file() || it->is_directory())) {
      return invalid_argument(it->path().string() + " is neither a regular file nor a folder",
                              "write a copy instead of a link");
    }
    if (it->is_directory()) continue;
    TreeEntry entry;
    entry.path = it->path().lexically_relative(folder).generic_string();
    entry.bytes = it->file_size();
    CAIRN_ASSIGN(entry.digest, hash_file(it->path()));
    entries.push_back(std::move(entry));
  }
  if (error) return io_error("list", folder, error.value());
  std::sort(entries.begin(), entries.end(),
            [](const TreeEntry& a, const TreeEntry& b) { return a.path < b.path; });
  return entries;
}

Result<ContentId> identify_content(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (!fs::exists(status)) return not_found(path.string() + " does not exist");
  ContentId id;
  if (fs::is_regular_file(status)) {
    CAIRN_ASSIGN(id.digest, hash_file(path));
    id.bytes = fs::file_size(path, error);
    if (error) return io_error("inspect", path, error.value());
    return id;
  }
  if (!fs::is_directory(status)) {
    return invalid_argument(path.string() + " is neither a regular file nor a folder");
  }
  CAIRN_ASSIGN(const std::vector<TreeEntry> entries, hash_tree(path));
  json::array listing;
  for (const TreeEntry& entry : entries) {
    listing.push_back(json::array{entry.path, entry.bytes, entry.digest});
    id.bytes += entry.bytes;
  }
  id.digest = digest_of(canonical_json(listing));
  id.directory = true;
  return id;
}

Result<fs::path> make_private_folder(const fs::path& parent, const std::string& prefix) {
  std::string path = (parent / (prefix + "XXXXXX")).string();
  if (::mkdtemp(path.data()) == nullptr) return io_error("create a folder in", parent, errno);
  return fs::path(path);
}

}  // namespace cairn
