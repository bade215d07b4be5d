#include <algorithm>
#include <fstream>

#include "core/base/boundary.h"
#include "core/base/folder_entries.h"
#include "core/base/framed_log.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/engine/host_link.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn {
namespace {

constexpr std::size_t kOutputBytes = 2000;
constexpr std::size_t kOutputLines = 10;

class FileSpoolReader final : public SpoolReader {
 public:
  FileSpoolReader(FileSystem& files, fs::path store) : files_(files), store_(std::move(store)) {}

  Result<std::vector<v1::HostReport>> read(const std::string& host, std::uint64_t after) override {
    const fs::path path = host_folder(store_, host).spool();
    CAIRN_ASSIGN(const FramedLogContent content, read_framed_log(files_, path));
    std::vector<v1::HostReport> reports;
    for (const std::string& frame : content.frames) {
      v1::HostReport report;
      if (!report.ParseFromString(frame)) {
        return corrupt(path.string() + " holds a record that is no report");
      }
      if (report.sequence() > after) reports.push_back(std::move(report));
    }
    return reports;
  }

  std::string last_output(const std::string& host, const fs::path& attempt_folder) override {
    const fs::path own = AttemptFolder{attempt_folder}.output_log();
    const fs::path of_host = host_folder(store_, host).output_log();
    std::error_code error;
    if (!fs::exists(own, error)) keep(of_host, own);
    const auto bytes = read_tail(fs::exists(own, error) ? own : of_host);
    const std::string text = printable(trim(bytes));
    const std::vector<std::string_view> lines = split(text, '\n');
    const std::size_t first = lines.size() > kOutputLines ? lines.size() - kOutputLines : 0;
    return join(
        std::vector<std::string>(lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end()),
        "\n");
  }

  Result<std::vector<std::string>> list() override {
    CAIRN_ASSIGN(const auto folders, entries_of(host_folder(store_, {}).root));
    std::vector<std::string> names;
    for (const fs::path& folder : folders) names.push_back(folder.filename().string());
    return names;
  }

  void remove(const std::string& host) override {
    if (host.empty()) return;
    const PersistenceBoundary boundary(Boundary::kSpoolTrim);
    const auto removed = files_.remove_all(host_folder(store_, host).root);
    if (!removed.ok()) spdlog::warn("{}", removed.error().to_string());
  }

 private:
  // What an attempt printed stands in the host's file until it has ended: one that never did gets
  // it now, before the host's folder is removed.
  void keep(const fs::path& of_host, const fs::path& own) {
    std::error_code error;
    const auto size = fs::file_size(of_host, error);
    if (error || size == 0) return;
    const PersistenceBoundary boundary(Boundary::kAttemptLog);
    note_change("write", own.native());
    fs::create_directories(own.parent_path(), error);
    if (!error) fs::copy_file(of_host, own, error);
  }
  static std::string read_tail(const fs::path& path);
  FileSystem& files_;
  const fs::path store_;
};

std::string FileSpoolReader::read_tail(const fs::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const auto size = static_cast<std::streamoff>(file.tellg());
  const std::streamoff begin =
      std::max<std::streamoff>(0, size - static_cast<std::streamoff>(kOutputBytes));
  std::string bytes(static_cast<std::size_t>(size - begin), '\0');
  file.seekg(begin);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

}  // namespace

std::unique_ptr<SpoolReader> file_spool_reader(FileSystem& files, fs::path store) {
  return std::make_unique<FileSpoolReader>(files, std::move(store));
}

}  // namespace cairn
