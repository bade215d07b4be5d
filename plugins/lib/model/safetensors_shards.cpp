// The weights of a folder: one file, or shards and their index.
#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "core/base/json.h"
#include "plugins/lib/model/safetensors.h"
#include "plugins/lib/model/safetensors_header.h"

namespace cairn::model {
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

bool is_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

Result<std::map<std::string, std::string>> read_index(const fs::path& index) {
  CAIRN_ASSIGN(const std::string text, real_file_system().read(index));
  auto shard_of = parse_index(text);
  if (!shard_of.ok()) return with_context(std::move(shard_of).error(), index.string());
  for (const auto& [tensor, file] : *shard_of) {
    if (!is_file_name(file)) {
      return corrupt(index.string() + ": the shard of tensor " + tensor + ", \"" + file +
                     "\", is no file name");
    }
  }
  return shard_of;
}

std::string shard_name(std::size_t number, std::size_t count) {
  char name[64];
  std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", number, count);
  return name;
}

// Weights that lie in the folder beside the new ones and would be read in their place, or never.
Result<void> remove_others(const fs::path& folder, const std::set<std::string>& keep) {
  std::error_code error;
  std::vector<fs::path> others;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    const bool weights = name == kSingleFile || name == kIndexFile ||
                         (name.starts_with("model-") && name.ends_with(".safetensors"));
    if (weights && !keep.contains(name)) others.push_back(it->path());
  }
  if (error) return io_error("list", folder, error.value());
  for (const fs::path& path : others) CAIRN_TRY(real_file_system().remove_all(path));
  return {};
}

// A file that PyTorch would look for; empty: there is none.
std::string pickled_weights(const fs::path& folder) {
  std::set<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string ending = it->path().extension();
    for (const char* known : {".bin", ".pt", ".pth", ".pkl", ".ckpt"}) {
      if (ending == known) found.insert(it->path().string());
    }
  }
  return found.empty() ? std::string() : *found.begin();
}

}  // namespace

Result<Weights> Weights::open(const fs::path& model_folder) {
  std::set<std::string> names;
  const fs::path index = model_folder / kIndexFile;
  std::error_code ignored;
  std::map<std::string, std::string> shard_of;
  const bool single = fs::exists(model_folder / kSingleFile, ignored);
  if (single) {
    names.insert(kSingleFile);
  } else if (fs::exists(index, ignored)) {
    CAIRN_ASSIGN(shard_of, read_index(index));
    for (const auto& [tensor, file] : shard_of) names.insert(file);
  } else {
    const std::string pickled = pickled_weights(model_folder);
    return not_found(model_folder.string() + " holds neither " + kSingleFile + " nor " + kIndexFile,
                     pickled.empty() ? "name a model folder with safetensors weights"
                                     : conversion_of_pickled(pickled));
  }
  Weights weights;
  for (const std::string& name : names) {
    auto file = SafetensorsFile::open(model_folder / name);
    if (!file.ok() && file.error().code == ErrorCode::kNotFound) {
      return not_found("the shard " + name + ", which " + index.string() + " names, is missing",
                       "copy all shards into the folder");
    }
    if (!file.ok()) return std::move(file).error();
    for (const TensorView& tensor : file->tensors()) {
      const auto [other, added] = weights.by_name_.emplace(tensor.name, &tensor);
      if (!added) {
        return corrupt("tensor " + tensor.name + " is in two shards: " +
                       std::string(other->second->file) + " and " + std::string(tensor.file));
      }
    }
    weights.files_.push_back(std::move(*file));
  }
  for (const auto& [tensor, name] : shard_of) {
    const TensorView* view = weights.find(tensor);
    if (view == nullptr || fs::path(view->file).filename() != name) {
      return corrupt("tensor " + tensor + " is not in " + (model_folder / name).string() +
                         ", where " + kIndexFile + " says",
                     view == nullptr ? "" : "it is in " + std::string(view->file));
    }
  }
  return weights;
}

const TensorView* Weights::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::vector<const TensorView*> Weights::tensors() const {
  std::vector<const TensorView*> all;
  all.reserve(by_name_.size());
  for (const auto& [name, tensor] : by_name_) all.push_back(tensor);
  return all;
}

Result<WeightsWriter> WeightsWriter::create(const fs::path& folder, std::vector<TensorPlan> plan,
                                            std::uint64_t shard_bytes) {
  WeightsWriter writer;
  writer.folder_ = folder;
  writer.shards_.emplace_back();
  std::uint64_t filled = 0;
  std::set<std::string> names;
  for (TensorPlan& tensor : plan) {
    const auto bytes = byte_size(tensor.dtype, tensor.shape);
    if (!bytes || __builtin_add_overflow(writer.total_bytes_, *bytes, &writer.total_bytes_)) {
      return invalid_argument("tensor " + tensor.name +
                              " has a shape whose size is no number of bytes");
    }
    if (!names.insert(tensor.name).second) {
      return invalid_argument("tensor " + tensor.name + " is planned twice");
    }
    if (!writer.shards_.back().plan.empty() && filled + *bytes > shard_bytes) {
      writer.shards_.emplace_back();
      filled = 0;
    }
    filled += *bytes;
    writer.shards_.back().plan.push_back(std::move(tensor));
  }
  const std::size_t count = writer.shards_.size();
  for (std::size_t i = 0; i < count; ++i) {
    writer.shards_[i].file = count == 1 ? kSingleFile : shard_name(i + 1, count);
  }
  CAIRN_TRY(real_file_system().make_directories(folder));
  return writer;
}

Result<SafetensorsWriter*> WeightsWriter::next_writer() {
  const bool full = writers_.empty() || written_ == shards_[writers_.size() - 1].plan.size();
  if (full && writers_.size() < shards_.size()) {
    if (!writers_.empty()) CAIRN_TRY(writers_.back().seal());
    const Shard& shard = shards_[writers_.size()];
    CAIRN_ASSIGN(SafetensorsWriter writer,
                 SafetensorsWriter::create(folder_ / shard.file, shard.plan));
    writers_.push_back(std::move(writer));
    written_ = 0;
  }
  return &writers_.back();
}

Result<void> WeightsWriter::write_f32(std::string_view name, std::span<const float> values) {
  CAIRN_ASSIGN(SafetensorsWriter * writer, next_writer());
  CAIRN_TRY(writer->write_f32(name, values));
  ++written_;
  return {};
}

Result<void> WeightsWriter::write_raw(std::string_view name, std::span<const std::byte> bytes) {
  CAIRN_ASSIGN(SafetensorsWriter * writer, next_writer());
  CAIRN_TRY(writer->write_raw(name, bytes));
  ++written_;
  return {};
}

Result<void> WeightsWriter::finish() {
  CAIRN_ASSIGN(SafetensorsWriter * last, next_writer());
  if (writers_.size() != shards_.size()) {
    return internal_error("tensor " + shards_[writers_.size()].plan.front().name +
                          " was never written");
  }
  CAIRN_TRY(last->seal());
  if (shards_.size() == 1) {
    CAIRN_TRY(last->publish());
    return remove_others(folder_, {kSingleFile});
  }
  json::object weight_map;
  std::set<std::string> keep = {kIndexFile};
  for (const Shard& shard : shards_) {
    keep.insert(shard.file);
    for (const TensorPlan& tensor : shard.plan) weight_map[tensor.name] = shard.file;
  }
  // Without a way in, nobody reads a mixture of old and new shards.
  FileSystem& files = real_file_system();
  CAIRN_TRY(files.remove_all(folder_ / kIndexFile));
  CAIRN_TRY(files.remove_all(folder_ / kSingleFile));
  CAIRN_TRY(files.sync(folder_));
  for (SafetensorsWriter& writer : writers_) CAIRN_TRY(writer.publish());
  CAIRN_TRY(remove_others(folder_, keep));
  return files.write_atomic(folder_ / kIndexFile,
                            pretty_json(json::object{{"metadata", {{"total_size", total_bytes_}}},
                                                     {"weight_map", std::move(weight_map)}}));
}

}  // namespace cairn::model
