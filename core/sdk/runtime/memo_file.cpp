#include "core/sdk/runtime/memo_file.h"

#include "core/base/boundary.h"

namespace cairn {

Result<MemoFile> MemoFile::open(FileSystem& files, const fs::path& path) {
  MemoFile memo;
  std::error_code error;
  if (fs::exists(path, error)) {
    CAIRN_ASSIGN(const std::string bytes, files.read(path));
    std::size_t start = 0;
    for (int line = 1; start < bytes.size(); ++line) {
      const std::size_t end = bytes.find('\n', start);
      if (end == std::string::npos) {
        CAIRN_TRY(files.truncate(path, start));
        break;
      }
      auto object = parse_json_object(std::string_view(bytes).substr(start, end - start));
      if (!object.ok() || !object->contains("key") || !object->at("key").is_string() ||
          !object->contains("value"))
        return corrupt(
            path.string() + ":" + std::to_string(line) + ": a remembered answer cannot be read",
            "remove the file to have every answer made again");
      memo.values_.emplace(object->at("key").as_string(), std::move(object->at("value")));
      start = end + 1;
    }
  }
  CAIRN_ASSIGN(memo.file_, files.open_append(path));
  CAIRN_TRY(files.sync(path.parent_path()));
  return memo;
}

const json::value* MemoFile::find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

Result<json::value> MemoFile::add(std::string_view key, const json::value& value) {
  const std::string line = json::serialize(json::object{{"key", key}, {"value", value}});
  auto read_back = parse_json_object(line);
  if (!read_back.ok())
    return with_context(std::move(read_back).error(),
                        "the answer for '" + std::string(key) + "' cannot be kept");
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  CAIRN_TRY(file_->append(line + '\n'));
  CAIRN_TRY(file_->sync());
  return values_.emplace(key, std::move(read_back->at("value"))).first->second;
}

}  // namespace cairn
