#include "plugins/exec/saved_state.h"

#include <algorithm>

#include "core/base/folder_entries.h"

namespace cairn::exec {
namespace {

constexpr const char* kState = "state.json";
constexpr const char* kFiles = "files";

Result<void> move_entry(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error != std::errc::cross_device_link)
    return error ? io_error("move", from.string(), error.value()) : Result<void>();
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  if (error) return io_error("copy", from.string(), error.value());
  return real_file_system().remove_all(from);
}

}  // namespace

Result<fs::path> folder_below(const fs::path& temp_dir, const std::string& named) {
  std::error_code error;
  const fs::path root = fs::canonical(temp_dir, error);
  if (error) return io_error("find", temp_dir.string(), error.value());
  const fs::path folder = fs::canonical(temp_dir / named, error);
  if (error || !fs::is_directory(folder))
    return invalid_argument("'folder' should name a folder, and there is none of this name");
  const auto [end, ignored] = std::mismatch(root.begin(), root.end(), folder.begin(), folder.end());
  if (end != root.end() || folder == root)
    return invalid_argument("'folder' should lie below the program's temp_dir");
  return folder;
}

Result<void> write_state(const json::value& state, const fs::path& from, const fs::path& folder) {
  CAIRN_ASSIGN(const auto file, real_file_system().open_append(folder / kState));
  CAIRN_TRY(file->append(json::serialize(json::object{{"state", state}}) + '\n'));
  if (from.empty()) return {};
  CAIRN_TRY(real_file_system().make_directories(folder / kFiles));
  CAIRN_ASSIGN(const std::vector<fs::path> entries, entries_of(from));
  for (const auto& entry : entries)
    CAIRN_TRY(move_entry(entry, folder / kFiles / entry.filename()));
  return {};
}

Result<Start::Resume> read_state(const StageCheckpoint& checkpoint) {
  Start::Resume resume;
  resume.step = checkpoint.step;
  CAIRN_ASSIGN(const std::string text, real_file_system().read(checkpoint.folder / kState));
  CAIRN_ASSIGN(json::object object, parse_json_object(text));
  resume.state = std::move(object["state"]);
  std::error_code ignored;
  if (fs::is_directory(checkpoint.folder / kFiles, ignored))
    resume.folder = checkpoint.folder / kFiles;
  return resume;
}

}  // namespace cairn::exec
