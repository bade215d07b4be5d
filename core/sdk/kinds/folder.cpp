#include "core/sdk/kinds/folder.h"

#include <algorithm>
#include <cerrno>

namespace cairn {
namespace {

Result<json::object> read_object(const fs::path& path) {
  CAIRN_ASSIGN(const std::string text, real_file_system().read(path));
  auto object = parse_json_object(text);
  if (!object.ok()) return with_context(std::move(object).error(), path.string());
  return object;
}

Result<void> write_object(const fs::path& path, const json::object& object) {
  CAIRN_ASSIGN(ByteWriter writer, ByteWriter::create(path));
  CAIRN_TRY(writer.write(pretty_json(object)));
  return writer.close();
}

}  // namespace

Result<FolderReader> FolderReader::open(const fs::path& path) {
  FolderReader reader;
  reader.path_ = path;
  std::error_code error;
  fs::recursive_directory_iterator it(path, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error))
    if (it->is_regular_file(error))
      reader.files_.push_back(it->path().lexically_relative(path).generic_string());
  if (error) return io_error("list", path, error.value());
  std::ranges::sort(reader.files_);
  return reader;
}

bool FolderReader::contains(std::string_view name) const {
  return std::ranges::binary_search(files_, name);
}

Result<ByteReader> FolderReader::open_file(const std::string& name) const {
  return ByteReader::open(path_ / name);
}

Result<json::object> FolderReader::read_json(const std::string& name) const {
  return read_object(path_ / name);
}

Result<FolderWriter> FolderWriter::create(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return io_error("create folder", path, error.value());
  return FolderWriter(path);
}

Result<ByteWriter> FolderWriter::create_file(const std::string& name) const {
  const fs::path file = path_ / name;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) return io_error("create folder", file.parent_path(), error.value());
  return ByteWriter::create(file);
}

Result<void> FolderWriter::write_json(const std::string& name, const json::object& object) const {
  return write_object(path_ / name, object);
}

Result<JsonReader> JsonReader::open(const fs::path& path) {
  JsonReader reader;
  CAIRN_ASSIGN(reader.object_, read_object(path));
  return reader;
}

Result<JsonWriter> JsonWriter::create(const fs::path& path) {
  return JsonWriter(path);
}

Result<void> JsonWriter::write(const json::object& object) {
  return write_object(path_, object);
}

}  // namespace cairn
