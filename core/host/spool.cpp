#include "core/host/spool.h"

#include "core/base/json.h"

namespace cairn {

Result<std::vector<v1::HostReport>> read_spool(FileSystem& files, const fs::path& path) {
  CAIRN_ASSIGN(const FramedLogContent content, read_framed_log(files, path));
  std::vector<v1::HostReport> reports;
  for (const auto& frame : content.frames) {
    v1::HostReport report;
    if (!report.ParseFromString(frame))
      return corrupt(path.string() + ": report " + std::to_string(reports.size() + 1) +
                     " has a valid checksum but cannot be read");
    reports.push_back(std::move(report));
  }
  return reports;
}

Result<Spool> Spool::open(FileSystem& files, const fs::path& path, v1::AttemptId attempt) {
  FramedLogContent content;
  CAIRN_ASSIGN(FramedLogWriter writer, FramedLogWriter::open(files, path, &content));
  return Spool(std::move(writer), std::move(attempt), content.frames.size());
}

Result<v1::HostReport> Spool::append(v1::HostReport report) {
  *report.mutable_attempt() = attempt_;
  report.set_sequence(last_ + 1);
  CAIRN_TRY(writer_.append(report.SerializeAsString()));
  ++last_;
  return report;
}

Result<void> write_exit_record(FileSystem& files, const fs::path& path, const ExitRecord& record) {
  return files.write_atomic(
      path, pretty_json(json::object{
                {"cause", record.cause}, {"message", record.message}, {"token", record.token}}));
}

Result<ExitRecord> read_exit_record(FileSystem& files, const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return not_found(path.string() + " does not exist");
  CAIRN_ASSIGN(const std::string text, files.read(path));
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  ExitRecord record;
  CAIRN_ASSIGN(record.cause, get_string(object, "cause"));
  CAIRN_ASSIGN(record.message, get_string(object, "message"));
  CAIRN_ASSIGN(record.token, get_uint(object, "token"));
  return record;
}

}  // namespace cairn
