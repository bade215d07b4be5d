#include "core/server/check_record.h"

#include <sys/stat.h>

#include <boost/json/value_from.hpp>

#include "core/base/file_lock.h"
#include "core/server/security/private_file.h"

namespace cairn {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;

fs::path file_of(const fs::path& state_dir, const Digest& library) {
  return state_dir / "checks" / std::string(digest_hex(library));
}

Result<TypeCheckRecord> parse_type(const json::object& object) {
  TypeCheckRecord record;
  CAIRN_ASSIGN(const std::string at, get_string(object, "checked_at"));
  CAIRN_ASSIGN(record.checked_at, parse_rfc3339(at));
  CAIRN_ASSIGN(const std::uint64_t checks, get_uint(object, "checks"));
  record.checks = static_cast<std::uint32_t>(checks);
  CAIRN_ASSIGN(const json::array* failed, get_array(object, "failed"));
  for (const json::value& name : *failed) {
    if (name.is_string()) record.failed.emplace_back(name.get_string());
  }
  return record;
}

}  // namespace

Result<void> save_check(const fs::path& state_dir, const Digest& library,
                        const CheckRecord& record) {
  std::error_code error;
  if (!fs::is_directory(state_dir, error)) return {};
  const fs::path file = file_of(state_dir, library);
  if (::mkdir(file.parent_path().c_str(), 0700) != 0 && errno != EEXIST)
    return io_error("make", file.parent_path().string(), errno);
  CAIRN_ASSIGN(const FileLock lock, FileLock::exclusive(file.parent_path() / "lock"));
  CheckRecord all = find_check(state_dir, library);
  for (const auto& [type, one] : record) all[type] = one;
  json::object object;
  for (const auto& [type, one] : all) object[type] = to_json(one);
  return write_private(file, json::serialize(object));
}

CheckRecord find_check(const fs::path& state_dir, const Digest& library) {
  CheckRecord record;
  const auto text = read_private(file_of(state_dir, library), kMostBytes);
  if (!text.ok()) return record;
  const auto object = parse_json_object(*text);
  if (!object.ok()) return record;
  for (const auto& [type, value] : *object) {
    if (!value.is_object()) continue;
    if (auto one = parse_type(value.get_object()); one.ok()) record[type] = *std::move(one);
  }
  return record;
}

json::object to_json(const TypeCheckRecord& record) {
  return {{"passed", record.failed.empty()},
          {"checked_at", format_rfc3339(record.checked_at)},
          {"checks", record.checks},
          {"failed", json::value_from(record.failed)}};
}

}  // namespace cairn
