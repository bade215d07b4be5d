#include "core/host/exit_record.h"

#include <cerrno>
#include <fstream>

#include "core/base/boundary.h"
#include "core/base/json.h"

namespace cairn::host {

Result<void> write_exit_record(const fs::path& path, const ExitRecord& record) {
  const PersistenceBoundary boundary(Boundary::kAttemptReport);
  const fs::path temporary = path.string() + ".tmp";
  note_change("write", temporary.native());
  {
    std::ofstream file(temporary, std::ios::binary);
    file << pretty_json(json::object{
        {"cause", record.cause}, {"message", record.message}, {"token", record.token}});
    file.close();
    if (!file) return io_error("write", temporary, errno);
  }
  std::error_code error;
  note_change("rename to", path.native());
  fs::rename(temporary, path, error);
  if (error) return io_error("rename " + temporary.string() + " to", path, error.value());
  return {};
}

Result<ExitRecord> read_exit_record(FileSystem& files, const fs::path& path) {
  CAIRN_ASSIGN(const std::string text, files.read(path));
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  ExitRecord record;
  CAIRN_ASSIGN(record.cause, get_string(object, "cause"));
  CAIRN_ASSIGN(record.message, get_string(object, "message"));
  CAIRN_ASSIGN(record.token, get_uint(object, "token"));
  return record;
}

}  // namespace cairn::host
