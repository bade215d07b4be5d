#include "plugins/lib/model/convert.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/base/text.h"
#include "plugins/lib/model/config.h"
#include "plugins/lib/model/gguf_model.h"
#include "plugins/lib/model/parameters.h"

namespace cairn::model {
namespace {

struct Part {
  TensorPlan plan;
  std::function<Result<void>(WeightsWriter&)> write;
};

// A model on its way: what its folder will hold. Refers to the source's maps.
struct Draft {
  ModelConfig config;
  std::map<std::string, std::string> files;  // small ones, by name
  std::vector<Part> parts;
};

// Files beside the weights that say the same in the new folder.
constexpr const char* kKept[] = {
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
    "generation_config.json",
    "LICENSE",
};

// A value that the narrower format turns into an infinity would spoil the model unseen.
Result<void> write_values(WeightsWriter& writer, const std::string& name, Dtype dtype,
                          const std::vector<float>& values) {
  // From halfway between the largest number and the next power of two on, rounding goes up.
  const double limit = dtype == Dtype::kF16    ? 65520.0
                       : dtype == Dtype::kBf16 ? 0x1.FFp+127
                                               : std::numeric_limits<double>::infinity();
  for (const float value : values) {
    if (std::isfinite(value) && std::abs(static_cast<double>(value)) >= limit) {
      return invalid_argument("tensor " + name + " holds " + format_number(value) + ", which " +
                                  to_string(dtype) + " cannot hold",
                              "convert to bfloat16 or float32");
    }
  }
  return writer.write_f32(name, values);
}

Result<Draft> draft_of_gguf(const GgufFile& file, const ConvertOptions& options) {
  Draft draft;
  CAIRN_ASSIGN(draft.config, gguf_config(file));
  CAIRN_ASSIGN(draft.files, gguf_tokenizer_files(file, draft.config));
  CAIRN_ASSIGN(std::vector<GgufParameter> parameters, gguf_parameters(file, draft.config));
  const Dtype dtype = options.dtype.value_or(Dtype::kF32);
  for (GgufParameter& parameter : parameters) {
    TensorPlan plan{parameter.name, dtype, parameter.tensor->shape};
    draft.parts.push_back({std::move(plan), [parameter, dtype](WeightsWriter& writer) {
                             return write_values(writer, parameter.name, dtype,
                                                 gguf_values(parameter));
                           }});
  }
  return draft;
}

Result<Draft> draft_of_folder(const fs::path& folder, const Weights& weights,
                              const ConvertOptions& options) {
  Draft draft;
  CAIRN_ASSIGN(draft.config, read_config(folder));
  std::error_code ignored;
  for (const char* name : kKept) {
    if (!fs::exists(folder / name, ignored)) continue;
    CAIRN_ASSIGN(draft.files[name], real_file_system().read(folder / name));
  }
  CAIRN_ASSIGN(const auto views, parameter_views(weights, draft.config, folder));
  for (const auto& [name, view] : views) {
    const Dtype dtype = options.dtype.value_or(view.dtype);
    const auto write = [view, dtype](WeightsWriter& writer) -> Result<void> {
      if (view.dtype == dtype) return writer.write_raw(view.name, view.data);
      CAIRN_ASSIGN(const std::vector<float> values, to_f32(view));
      return write_values(writer, view.name, dtype, values);
    };
    draft.parts.push_back({{name, dtype, view.shape}, write});
  }
  return draft;
}

// What config.json says: the widest dtype there is.
Dtype common_dtype(const std::vector<Part>& parts) {
  Dtype widest = parts.empty() ? Dtype::kF32 : parts.front().plan.dtype;
  for (const Part& part : parts) {
    if (bits_of(part.plan.dtype) > bits_of(widest)) widest = part.plan.dtype;
  }
  return widest;
}

Result<void> write_folder(const Draft& draft, const fs::path& folder,
                          const ConvertOptions& options) {
  FileSystem& files = real_file_system();
  const Dtype dtype = common_dtype(draft.parts);
  CAIRN_TRY(files.write_atomic(folder / "config.json",
                               pretty_json(config_to_json(draft.config, config_name(dtype)))));
  for (const auto& [name, text] : draft.files) {
    CAIRN_TRY(files.write_atomic(folder / name, text));
  }
  std::vector<TensorPlan> plan;
  std::uint64_t total = 0, done = 0;
  std::vector<std::uint64_t> sizes;
  for (const Part& part : draft.parts) {
    std::uint64_t bytes = bits_of(part.plan.dtype) / 8;
    for (const std::int64_t size : part.plan.shape) bytes *= static_cast<std::uint64_t>(size);
    sizes.push_back(bytes);
    total += bytes;
    plan.push_back(part.plan);
  }
  CAIRN_ASSIGN(WeightsWriter writer,
               WeightsWriter::create(folder, std::move(plan), options.shard_bytes));
  for (std::size_t i = 0; i < draft.parts.size(); ++i) {
    if (options.progress) options.progress(done, total);
    CAIRN_TRY(draft.parts[i].write(writer));
    done += sizes[i];
  }
  if (options.progress) options.progress(done, total);
  return writer.finish();
}

Result<void> check_target(const fs::path& target) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(target, error))) return {};
  if (fs::is_directory(target, error) && fs::is_empty(target, error) && !error) return {};
  return conflict(target.string() + " is there already",
                  "name a folder that does not exist, or remove that one");
}

// Built beside the target under another name, so that the target appears whole or not at all.
Result<void> publish(const Draft& draft, const fs::path& target, const ConvertOptions& options) {
  FileSystem& files = real_file_system();
  fs::path place = target.has_filename() ? target : target.parent_path();
  const fs::path parent = place.has_parent_path() ? place.parent_path() : fs::path(".");
  CAIRN_TRY(files.make_directories(parent));
  CAIRN_ASSIGN(const fs::path partial,
               make_private_folder(parent, "." + place.filename().string() + ".partial-"));
  const auto build = [&]() -> Result<void> {
    CAIRN_TRY(write_folder(draft, partial, options));
    std::error_code error;
    fs::permissions(partial, fs::perms(0755), error);
    if (error) return io_error("set permissions of", partial, error.value());
    CAIRN_TRY(files.sync_tree(partial));
    return files.rename(partial, place);
  };
  Result<void> built = build();
  if (!built.ok()) {
    const Result<void> removed = files.remove_all(partial);
    if (!removed.ok()) return with_context(std::move(built).error(), removed.error().message);
  }
  return built;
}

Result<void> convert_gguf(const fs::path& source, const fs::path& target,
                          const ConvertOptions& options) {
  CAIRN_ASSIGN(const GgufFile file, GgufFile::open(source));
  auto draft = draft_of_gguf(file, options);
  if (!draft.ok()) return with_context(std::move(draft).error(), source.string());
  return publish(*draft, target, options);
}

}  // namespace

std::optional<fs::path> gguf_of_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  if (fs::exists(folder / "config.json", error)) return {};
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".gguf") found.push_back(it->path());
  }
  if (found.size() != 1) return {};
  return found.front();
}

Result<void> convert_model(const fs::path& source, const fs::path& target,
                           const ConvertOptions& options) {
  std::error_code error;
  if (!fs::exists(source, error)) {
    return not_found(source.string() + " does not exist", "name a GGUF file or a model folder");
  }
  CAIRN_TRY(check_target(target));
  if (options.dtype && *options.dtype != Dtype::kF32 && *options.dtype != Dtype::kBf16 &&
      *options.dtype != Dtype::kF16) {
    return invalid_argument(std::string("cannot convert to ") + to_string(*options.dtype),
                            "use float32, bfloat16 or float16");
  }
  if (!fs::is_directory(source, error)) return convert_gguf(source, target, options);
  if (const auto gguf = gguf_of_folder(source)) return convert_gguf(*gguf, target, options);
  CAIRN_ASSIGN(const Weights weights, Weights::open(source));
  CAIRN_ASSIGN(const Draft draft, draft_of_folder(source, weights, options));
  return publish(draft, target, options);
}

}  // namespace cairn::model
