// Folders as artifacts: a list of files to read, or to write one after the other.
#pragma once

#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/sdk/kinds/byte_file.h"

namespace cairn {

// Names are relative, with '/' between parts.
class FolderReader {
 public:
  [[nodiscard]] static Result<FolderReader> open(const fs::path& path);
  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }  // sorted
  [[nodiscard]] bool contains(std::string_view name) const;
  [[nodiscard]] Result<ByteReader> open_file(const std::string& name) const;
  [[nodiscard]] Result<json::object> read_json(const std::string& name) const;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  std::vector<std::string> files_;
};

class FolderWriter {
 public:
  [[nodiscard]] static Result<FolderWriter> create(const fs::path& path);
  // Close it before the next; folders on the way are made.
  [[nodiscard]] Result<ByteWriter> create_file(const std::string& name) const;
  [[nodiscard]] Result<void> write_json(const std::string& name, const json::object& object) const;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  explicit FolderWriter(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// One JSON object in a file.
class JsonReader {
 public:
  [[nodiscard]] static Result<JsonReader> open(const fs::path& path);
  [[nodiscard]] const json::object& object() const { return object_; }

 private:
  json::object object_;
};
class JsonWriter {
 public:
  [[nodiscard]] static Result<JsonWriter> create(const fs::path& path);
  // Indented; once.
  [[nodiscard]] Result<void> write(const json::object& object);

 private:
  explicit JsonWriter(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

}  // namespace cairn
