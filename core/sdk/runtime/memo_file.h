// MemoFile: answers a stage paid for once (StageContext::memo), kept for every attempt of a task.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

// One line {"key","value"} each. A last line that was cut short by a crash is dropped; any other
// line that cannot be read is an error, since an answer would silently change. Not thread-safe.
class MemoFile {
 public:
  [[nodiscard]] static Result<MemoFile> open(FileSystem& files, const fs::path& path);
  // Null when there is none.
  [[nodiscard]] const json::value* find(std::string_view key) const;
  // Durable when it returns. The key is new. Returns the value as every later attempt will read
  // it: text can hold a number less exactly than memory does.
  [[nodiscard]] Result<json::value> add(std::string_view key, const json::value& value);

 private:
  std::map<std::string, json::value, std::less<>> values_;
  std::unique_ptr<AppendFile> file_;
};

}  // namespace cairn
