#include "core/server/reading/task_files.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "core/sdk/runtime/checkpoint_folder.h"
#include "core/server/reading/fields.h"
#include "core/server/reading/open_file.h"
#include "core/server/reading/task_folders.h"
#include "core/server/reading/whole_number.h"

namespace cairn {
namespace {

constexpr std::size_t kLongestRecord = std::size_t{1} << 20;  // exit.json and manifests
constexpr std::size_t kMostFiles = 1000;                      // of a checkpoint, shown
constexpr std::string_view kDamaged = ".damaged";

struct TreeSize {
  std::uint64_t bytes = 0;
  bool more = false;
};

// Of the regular files below; no link is followed, nor counted.
TreeSize tree_size(const fs::path& folder) {
  TreeSize size;
  std::size_t entries = 0;
  std::error_code error;
  if (fs::is_symlink(fs::symlink_status(folder, error))) return size;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (++entries > kMostEntriesCounted) {
      size.more = true;
      return size;
    }
    std::error_code ignored;
    if (it->symlink_status(ignored).type() == fs::file_type::regular)
      size.bytes += it->file_size(ignored);
  }
  return size;
}

// Nothing where there is none, or it is none.
Result<std::optional<json::object>> read_object(const TaskFolder& task, const std::string& name) {
  const auto file = open_task_file(task, name);
  if (!file.ok() && file.error().code == ErrorCode::kNotFound) return std::optional<json::object>();
  if (!file.ok()) return file.error();
  CAIRN_ASSIGN(const std::string text, read_range(file->fd.get(), 0, kLongestRecord));
  auto object = parse_json_object(text);
  if (!object.ok()) return std::optional<json::object>();
  return std::optional(std::move(*object));
}

Result<json::object> attempt_document(const TaskFolder& task, int number) {
  const AttemptFolder folder = task.attempt(number);
  json::object files;
  for (const auto& [key, path] : {std::pair("log", folder.log()),
                                  {"output", folder.output_log()},
                                  {"metrics", folder.metrics()}}) {
    const auto file = open_task_file(task, path.lexically_relative(task.root).generic_string());
    if (file.ok()) files[key] = file->size;
  }
  const TreeSize size = tree_size(folder.root);
  json::object document{{"attempt", number}, {"files", std::move(files)}, {"bytes", size.bytes}};
  if (size.more) document["more"] = true;
  CAIRN_ASSIGN(
      const auto record,
      read_object(task, folder.exit_record().lexically_relative(task.root).generic_string()));
  document["exit"] = record ? json::value(json::object{{"cause", text_of(*record, "cause")},
                                                       {"message", text_of(*record, "message")}})
                            : json::value();
  return document;
}

struct Listed {
  json::array files;
  std::uint64_t bytes = 0;
  std::string wrong;  // the first that is not there as the manifest says
};

Listed check_files(const TaskFolder& task, const std::string& folder,
                   const json::object& manifest) {
  Listed listed;
  const auto list = get_array(manifest, "files");
  if (!list.ok()) {
    listed.wrong = "its manifest lists no files";
    return listed;
  }
  for (const json::value& value : **list) {
    const auto* entry = value.if_object();
    const std::string path = entry == nullptr ? "" : text_of(*entry, "path");
    const std::uint64_t bytes = entry == nullptr ? 0 : number_of(*entry, "bytes");
    if (listed.files.size() < kMostFiles)
      listed.files.push_back(json::object{{"path", path}, {"bytes", bytes}});
    listed.bytes += bytes;
    if (!listed.wrong.empty()) continue;
    std::string name = folder;
    name += '/';
    name += path;
    const auto file = open_task_file(task, name);
    if (!file.ok()) {
      listed.wrong = "file '" + printable(path) + "' is missing";
    } else if (file->size != bytes) {
      listed.wrong = "file '" + printable(path) + "' has " + std::to_string(file->size) +
                     " bytes instead of " + std::to_string(bytes);
    }
  }
  return listed;
}

Result<json::object> checkpoint_document(const TaskFolder& task, const std::string& name,
                                         std::int64_t step, bool set_aside, Verify verify) {
  const std::string folder = task.checkpoints().filename().string() + "/" + name;
  CAIRN_ASSIGN(const auto manifest, read_object(task, folder + "/manifest.json"));
  Listed listed;
  if (manifest) {
    listed = check_files(task, folder, *manifest);
  } else {
    listed.wrong = "its manifest cannot be read";
  }
  const bool by_checksums = verify == Verify::kBytes;
  if (listed.wrong.empty() && (by_checksums || set_aside)) {
    // One that was set aside did not verify: its checksums say why.
    const auto verified = verify_checkpoint(real_file_system(), task.checkpoints() / name, step);
    if (!verified.ok()) listed.wrong = verified.error().message;
    if (verified.ok() && set_aside) listed.wrong = "it was set aside as damaged";
  }
  json::object document{{"step", step},
                        {"bytes", listed.bytes},
                        {"status", listed.wrong.empty() ? "complete" : "damaged"},
                        {"verified", by_checksums}};
  if (!listed.wrong.empty()) document["reason"] = listed.wrong;
  document["files"] = std::move(listed.files);
  return document;
}

}  // namespace

Result<json::object> task_attempts(const TaskFolder& task) {
  TaskPlace place;
  place.folder = task;
  json::array attempts;
  for (const int number : attempts_of(place)) {
    CAIRN_ASSIGN(json::object document, attempt_document(task, number));
    attempts.push_back(std::move(document));
  }
  return json::object{{"attempts", std::move(attempts)},
                      {"work", tree_size(task.work()).bytes},
                      {"checkpoints", tree_size(task.checkpoints()).bytes}};
}

Result<json::object> task_checkpoints(const TaskFolder& task, Verify verify) {
  struct Found {
    std::int64_t step = 0;
    bool set_aside = false;
    std::string name;
  };
  std::vector<Found> found;
  std::error_code error;
  for (fs::directory_iterator it(task.checkpoints(), error), end; !error && it != end;
       it.increment(error)) {
    Found each;
    each.name = it->path().filename().string();
    std::string_view digits = each.name;
    each.set_aside = digits.ends_with(kDamaged);
    if (each.set_aside) digits.remove_suffix(kDamaged.size());
    const auto step = number_in<std::int64_t>(digits);
    if (!step || *step < 0) continue;
    each.step = *step;
    found.push_back(std::move(each));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return io_error("list", task.checkpoints().string(), error.value());
  std::ranges::sort(found, {},
                    [](const Found& each) { return std::pair(each.step, each.set_aside); });
  json::array checkpoints;
  for (const Found& each : found) {
    CAIRN_ASSIGN(json::object document,
                 checkpoint_document(task, each.name, each.step, each.set_aside, verify));
    checkpoints.push_back(std::move(document));
  }
  return json::object{{"checkpoints", std::move(checkpoints)}};
}

}  // namespace cairn
