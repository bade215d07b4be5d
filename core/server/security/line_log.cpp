#include "core/server/security/line_log.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "core/base/boundary.h"
#include "core/base/text.h"
#include "core/server/security/private_file.h"

namespace cairn {
namespace {

constexpr std::size_t kTextBytes = 256;

std::string ascii_of(std::string_view text) {
  constexpr unsigned kPlanes = 0x10000;
  std::string ascii;
  const auto add = [&](unsigned unit) {
    std::array<char, 8> escape;
    std::snprintf(escape.data(), escape.size(), "\\u%04x", unit);
    ascii += escape.data();
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length == 1) {
      if (lead == 0x7f) {
        add(lead);
      } else {
        ascii.push_back(text[i]);
      }
      ++i;
      continue;
    }
    unsigned point = lead & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
      point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3fU);
    if (point < kPlanes) {
      add(point);
    } else {
      add(0xd800 + ((point - kPlanes) >> 10));
      add(0xdc00 + ((point - kPlanes) & 0x3ff));
    }
    i += length;
  }
  return ascii;
}

fs::path numbered(const fs::path& path, int number) {
  return path.string() + "." + std::to_string(number);
}

}  // namespace

std::string json_line(const json::object& object) {
  return ascii_of(json::serialize(object)) + "\n";
}

std::string line_text(const std::string& text) {
  return printable(text.substr(0, kTextBytes));
}

Result<std::unique_ptr<LineLog>> LineLog::open(fs::path path, LogLimits limits) {
  std::unique_ptr<LineLog> log(new LineLog(std::move(path), limits));
  CAIRN_TRY(log->begin_file());
  return log;
}

Result<void> LineLog::begin_file() {
  CAIRN_ASSIGN(file_, open_private_log(path_));
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) return io_error("inspect", path_, errno);
  size_ = static_cast<std::uint64_t>(info.st_size);
  return {};
}

Result<void> LineLog::write(const std::string& line) {
  const PersistenceBoundary boundary(Boundary::kEngineSocket);
  if (size_ + line.size() > limits_.bytes && size_ > 0) {
    for (int number = limits_.files - 2; number >= 0; --number) {
      const fs::path from = number == 0 ? path_ : numbered(path_, number);
      note_change("rename", from.native());
      if (::rename(from.c_str(), numbered(path_, number + 1).c_str()) != 0 && errno != ENOENT)
        return io_error("rename", from, errno);
    }
    CAIRN_TRY(begin_file());
  }
  note_change("append to", path_.native());
  // One write a line: another process that appends comes before or after it.
  const ssize_t written = ::write(file_.get(), line.data(), line.size());
  if (written < 0) return io_error("append to", path_, errno);
  size_ += static_cast<std::uint64_t>(written);
  if (written != static_cast<ssize_t>(line.size())) return io_error("append to", path_, ENOSPC);
  return {};
}

void LineLog::append(const std::string& line, const char* what) {
  const std::lock_guard lock(mutex_);
  const auto written = write(line);
  if (!written.ok() && !told_)
    spdlog::error("{} misses a line: {}", what, written.error().to_string());
  told_ = !written.ok();
}

}  // namespace cairn
