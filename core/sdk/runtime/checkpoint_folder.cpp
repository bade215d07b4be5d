#include "core/sdk/runtime/checkpoint_folder.h"

#include <algorithm>
#include <charconv>

#include "core/base/boundary.h"
#include "core/base/json.h"

namespace cairn {
namespace {

constexpr const char* kManifest = "manifest.json";
constexpr const char* kTemporary = "saving.tmp";
constexpr std::int64_t kFormat = 1;

std::optional<std::int64_t> step_of(const std::string& name) {
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  if (error != std::errc() || end != name.data() + name.size() || step < 0) return std::nullopt;
  return step;
}

json::object manifest_of(std::int64_t step, const std::vector<TreeEntry>& entries) {
  json::array list;
  for (const auto& entry : entries)
    list.push_back(
        json::object{{"path", entry.path}, {"bytes", entry.bytes}, {"digest", entry.digest}});
  return {{"format", kFormat}, {"step", step}, {"files", std::move(list)}};
}

}  // namespace

Result<void> verify_checkpoint(FileSystem& files, const fs::path& folder, std::int64_t step) {
  const auto damaged = [&](const std::string& what) {
    return corrupt("checkpoint " + folder.string() + " is damaged: " + what);
  };
  const auto text = files.read(folder / kManifest);
  if (!text.ok()) return damaged("its manifest cannot be read");
  auto entries = hash_tree(folder);
  if (!entries.ok()) return damaged(entries.error().message);
  std::erase_if(*entries, [](const TreeEntry& entry) { return entry.path == kManifest; });
  const std::string expected = pretty_json(manifest_of(step, *entries));
  if (*text == expected) return {};
  // Only to say what differs; the comparison above is the check.
  const auto manifest = parse_json_object(*text);
  if (!manifest.ok()) return damaged("its manifest is no JSON object");
  const auto listed = get_array(*manifest, "files");
  if (!listed.ok()) return damaged("its manifest lists no files");
  const auto found = parse_json_object(expected);
  for (const auto& file : **listed) {
    const auto& there = found->at("files").as_array();
    if (std::find(there.begin(), there.end(), file) != there.end() || !file.is_object()) continue;
    const auto path = get_string(file.as_object(), "path");
    if (path.ok()) return damaged("file '" + *path + "' is missing or does not match its checksum");
  }
  return damaged("its manifest does not match its files");
}

fs::path CheckpointFolder::step_folder(std::int64_t step) const {
  return folder_ / std::to_string(step);
}

Result<std::vector<std::int64_t>> CheckpointFolder::steps() const {
  std::vector<std::int64_t> found;
  std::error_code error;
  if (!fs::exists(folder_, error)) return found;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error))
    if (const auto step = step_of(it->path().filename().string())) found.push_back(*step);
  if (error) return io_error("list", folder_, error.value());
  std::sort(found.begin(), found.end());
  return found;
}

Result<CheckpointFolder::Saved> CheckpointFolder::save(
    std::int64_t step, const std::function<Result<void>(const fs::path& folder)>& write) {
  if (step < 0) return invalid_argument("checkpoint step " + std::to_string(step) + " is negative");
  const PersistenceBoundary boundary(Boundary::kAttemptCheckpoint);
  const fs::path temporary = folder_ / kTemporary;
  CAIRN_TRY(files_.remove_all(temporary));
  CAIRN_TRY(files_.make_directories(temporary));
  CAIRN_TRY(write(temporary));
  if (fs::exists(temporary / kManifest))
    return invalid_argument("a stage must not write manifest.json into a checkpoint");
  CAIRN_ASSIGN(const auto entries, hash_tree(temporary));
  const std::string manifest = pretty_json(manifest_of(step, entries));
  CAIRN_TRY(files_.write_atomic(temporary / kManifest, manifest));
  CAIRN_TRY(files_.sync_tree(temporary));

  const fs::path target = step_folder(step);
  const fs::path replaced = target.string() + ".replaced";
  CAIRN_TRY(files_.remove_all(replaced));
  if (fs::exists(target)) CAIRN_TRY(files_.rename(target, replaced));
  CAIRN_TRY(files_.rename(temporary, target));
  CAIRN_TRY(files_.remove_all(replaced));
  CAIRN_TRY(remove_others(step));
  return Saved{step, digest_of(manifest)};
}

Result<void> CheckpointFolder::remove_others(std::int64_t saved) {
  CAIRN_ASSIGN(const auto all, steps());
  std::size_t kept = 0;
  for (auto step = all.rbegin(); step != all.rend(); ++step)
    if (*step > saved || ++kept > keep_) CAIRN_TRY(files_.remove_all(step_folder(*step)));
  return {};
}

Result<void> CheckpointFolder::remove_after(std::int64_t step) {
  const PersistenceBoundary boundary(Boundary::kAttemptCheckpoint);
  CAIRN_ASSIGN(const auto all, steps());
  for (auto later = all.rbegin(); later != all.rend() && *later > step; ++later)
    CAIRN_TRY(files_.remove_all(step_folder(*later)));
  return {};
}

Result<CheckpointFolder::Newest> CheckpointFolder::newest() {
  Newest result;
  CAIRN_ASSIGN(const auto all, steps());
  for (auto step = all.rbegin(); step != all.rend(); ++step) {
    const fs::path folder = step_folder(*step);
    auto verified = verify_checkpoint(files_, folder, *step);
    if (verified.ok()) {
      result.checkpoint = StageCheckpoint{*step, folder};
      return result;
    }
    result.damaged.push_back(std::move(verified).error());
    const PersistenceBoundary boundary(Boundary::kAttemptCheckpoint);
    const fs::path aside = folder.string() + ".damaged";
    CAIRN_TRY(files_.remove_all(aside));
    CAIRN_TRY(files_.rename(folder, aside));
  }
  return result;
}

}  // namespace cairn
