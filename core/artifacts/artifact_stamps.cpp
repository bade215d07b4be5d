#include "core/artifacts/artifact_stamps.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <vector>

#include "core/base/boundary.h"
#include "core/base/text.h"

namespace cairn {
namespace {

std::string short_hash(std::string_view text) {
  return std::string(digest_hex(digest_of(text)).substr(0, 16));
}

Result<std::string> look_of(const fs::path& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0) return io_error("inspect", file, errno);
  return std::to_string(info.st_size) + " " + std::to_string(info.st_mtim.tv_sec) + "." +
         std::to_string(info.st_mtim.tv_nsec);
}

std::string line_of(const ArtifactStamps::Entry& entry) {
  std::string line = std::string(digest_hex(entry.id.digest)) + " " +
                     std::to_string(entry.id.bytes) + (entry.id.directory ? " d " : " f ") +
                     entry.stamp;
  const std::string check = short_hash(line);
  return line + " " + check + "\n";
}

std::optional<ArtifactStamps::Entry> parse_line(std::string_view line) {
  const std::vector<std::string_view> parts = split(line, ' ');
  if (parts.size() != 5) return std::nullopt;
  if (short_hash(line.substr(0, line.size() - parts[4].size() - 1)) != parts[4]) {
    return std::nullopt;
  }
  ArtifactStamps::Entry entry;
  entry.id.digest = "sha256:" + std::string(parts[0]);
  std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), entry.id.bytes);
  entry.id.directory = parts[2] == "d";
  entry.stamp = parts[3];
  return entry;
}

}  // namespace

Result<std::string> stamp_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    CAIRN_ASSIGN(const std::string look, look_of(path));
    return short_hash(look);
  }
  std::vector<std::string> looks;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_directory() && !it->is_symlink()) continue;
    CAIRN_ASSIGN(std::string look, look_of(it->path()));
    looks.push_back(it->path().lexically_relative(path).generic_string() + " " + look);
  }
  if (error) return io_error("list", path, error.value());
  std::sort(looks.begin(), looks.end());
  return short_hash(join(looks, "\n"));
}

std::optional<ArtifactStamps::Entry> ArtifactStamps::find(const Digest& digest) {
  const std::lock_guard guard(mutex_);
  auto found = entries_.find(digest);
  if (found == entries_.end()) {
    read_on();
    found = entries_.find(digest);
  }
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

void ArtifactStamps::record(const Entry& entry, FileSystem& files) {
  const std::lock_guard guard(mutex_);
  const auto known = entries_.find(entry.id.digest);
  if (known != entries_.end() && known->second.stamp == entry.stamp) return;
  entries_.insert_or_assign(entry.id.digest, entry);
  const PersistenceBoundary boundary(Boundary::kArtifactRemember);
  auto file = files.open_append(file_);
  if (file.ok()) static_cast<void>((*file)->append(line_of(entry)));
}

Result<void> ArtifactStamps::keep_only(const std::vector<Digest>& digests, FileSystem& files) {
  const std::lock_guard guard(mutex_);
  read_on();
  std::erase_if(entries_, [&](const auto& entry) {
    return !std::binary_search(digests.begin(), digests.end(), entry.first);
  });
  std::string lines;
  for (const auto& [digest, entry] : entries_) lines += line_of(entry);
  std::error_code error;
  if (lines.empty() && !fs::exists(file_, error)) return {};
  CAIRN_TRY(files.write_atomic(file_, lines));
  read_ = lines.size();
  return {};
}

// What this and other processes have added; the last of several lines counts. A line that is
// still being written is read the next time.
void ArtifactStamps::read_on() {
  std::error_code error;
  const std::uint64_t size = fs::file_size(file_, error);
  if (error) return;
  if (size < read_) read_ = 0;  // it was begun anew
  if (size == read_) return;
  std::ifstream file(file_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(read_));
  for (std::string line; std::getline(file, line) && !file.eof();) {
    read_ += line.size() + 1;
    if (const auto entry = parse_line(line)) {
      entries_.insert_or_assign(entry->id.digest, *entry);
    }
  }
}

}  // namespace cairn
