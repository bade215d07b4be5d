#include "core/server/security/audit.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "core/base/boundary.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/server/security/private_file.h"

namespace cairn {
namespace {

constexpr std::size_t kValueBytes = 256;

// What is no text becomes text.
std::string shown(const std::string& text) {
  return printable(text.substr(0, kValueBytes));
}

// Everything beyond ASCII as \uXXXX: some of it are commands to a terminal, or turn lines around.
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

bool changes(const std::string& method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

fs::path numbered(const fs::path& path, int number) {
  return path.string() + "." + std::to_string(number);
}

}  // namespace

bool is_audited(const http::Answered& answered) {
  if (answered.status == 401 || answered.status == 403) return true;
  return !answered.who.empty() && answered.status != 429 && changes(answered.method);
}

std::string audit_line(const http::Answered& answered, WallTime time) {
  json::object values;
  for (const auto& [name, value] : answered.values) values[name] = shown(value);
  const json::object line{{"time", format_rfc3339(time)},     {"who", shown(answered.who)},
                          {"role", shown(answered.role)},     {"peer", shown(answered.peer)},
                          {"method", shown(answered.method)}, {"route", answered.pattern},
                          {"values", std::move(values)},      {"status", answered.status},
                          {"trace_id", answered.trace_id}};
  return ascii_of(json::serialize(line)) + "\n";
}

AuditLog::AuditLog(fs::path path, const Clock& clock, AuditLimits limits)
    : path_(std::move(path)), clock_(clock), limits_(limits) {}

Result<std::unique_ptr<AuditLog>> AuditLog::open(const fs::path& state_dir, const Clock& clock,
                                                 AuditLimits limits) {
  std::unique_ptr<AuditLog> log(new AuditLog(state_dir / "audit.jsonl", clock, limits));
  CAIRN_TRY(log->begin_file());
  return log;
}

Result<void> AuditLog::begin_file() {
  CAIRN_ASSIGN(file_, open_private_log(path_));
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) return io_error("inspect", path_, errno);
  size_ = static_cast<std::uint64_t>(info.st_size);
  return {};
}

Result<void> AuditLog::append(const std::string& line) {
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

void AuditLog::record(const http::Answered& answered) {
  if (!is_audited(answered)) return;
  const std::string line = audit_line(answered, clock_.now());
  const std::lock_guard lock(mutex_);
  if (const auto written = append(line); !written.ok())
    spdlog::error("the audit log misses a line: {}", written.error().to_string());
}

}  // namespace cairn
