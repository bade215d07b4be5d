// Where the golden vectors lie, and how tests read them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"

namespace cairn::model {

inline fs::path fixtures() {
  const char* folder = std::getenv("CAIRN_FIXTURES");
  return folder != nullptr ? fs::path(folder) : fs::path(CAIRN_SOURCE_DIR "/tests/data");
}

inline std::string read_text(const fs::path& path) {
  return real_file_system().read(path).value();
}

inline std::vector<json::object> read_lines(const fs::path& path) {
  std::vector<json::object> lines;
  const std::string text = read_text(path);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(parse_json_object(text.substr(at, end - at)).value());
    at = end + 1;
  }
  return lines;
}

inline std::vector<std::int64_t> ids_of(const json::value& value) {
  std::vector<std::int64_t> ids;
  for (const json::value& id : value.as_array()) ids.push_back(id.as_int64());
  return ids;
}

// A private folder, gone with the object.
class TempFolder {
 public:
  TempFolder() : path_(make_private_folder(fs::temp_directory_path(), "cairn-model-").value()) {}
  ~TempFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace cairn::model
