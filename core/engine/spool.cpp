#include <algorithm>
#include <fstream>

#include "core/base/framed_log.h"
#include "core/base/text.h"
#include "core/engine/host_link.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn {
namespace {

constexpr std::size_t kOutputBytes = 2000;
constexpr std::size_t kOutputLines = 10;

class FileSpoolReader final : public SpoolReader {
 public:
  explicit FileSpoolReader(FileSystem& files) : files_(files) {}

  Result<std::vector<v1::HostReport>> read(const fs::path& attempt_folder,
                                           std::uint64_t after) override {
    const fs::path path = AttemptFolder{attempt_folder}.spool();
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

  std::string last_output(const fs::path& attempt_folder) override {
    const auto bytes = read_tail(AttemptFolder{attempt_folder}.output_log());
    const std::string text = printable(trim(bytes));
    const std::vector<std::string_view> lines = split(text, '\n');
    const std::size_t first = lines.size() > kOutputLines ? lines.size() - kOutputLines : 0;
    return join(
        std::vector<std::string>(lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end()),
        "\n");
  }

 private:
  static std::string read_tail(const fs::path& path);
  FileSystem& files_;
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

std::unique_ptr<SpoolReader> file_spool_reader(FileSystem& files) {
  return std::make_unique<FileSpoolReader>(files);
}

}  // namespace cairn
