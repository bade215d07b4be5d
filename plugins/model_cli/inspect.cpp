#include "plugins/model_cli/inspect.h"

#include <cstring>
#include <string>

#include "plugins/lib/model/config.h"
#include "plugins/lib/model/convert.h"
#include "plugins/lib/model/gguf_model.h"
#include "plugins/lib/model/safetensors.h"

namespace cairn::model {
namespace {

// Adds up what is told of the tensors.
class Listing {
 public:
  template <typename Tensor>
  json::object& add(const Tensor& tensor, const char* dtype) {
    parameters_ += tensor.elements();
    bytes_ += tensor.data.size();
    json::object entry{{"dtype", dtype},
                       {"shape", json::array(tensor.shape.begin(), tensor.shape.end())},
                       {"bytes", tensor.data.size()}};
    return tensors_.emplace(tensor.name, std::move(entry)).first->value().get_object();
  }

  // `before` with the totals and the tensors at its end.
  json::object finish(json::object before) && {
    before["parameters"] = parameters_;
    before["bytes"] = bytes_;
    before["tensors"] = std::move(tensors_);
    return before;
  }

 private:
  std::int64_t parameters_ = 0;
  std::uint64_t bytes_ = 0;
  json::object tensors_;
};

json::object shown_config(const ModelConfig& config) {
  json::object object = config_to_json(config, "float32");
  object.stable_erase("torch_dtype");
  return object;
}

Result<json::object> inspect_folder(const fs::path& folder) {
  CAIRN_ASSIGN(const ModelConfig config, read_config(folder));
  CAIRN_ASSIGN(const Weights weights, Weights::open(folder));
  Listing listing;
  for (const TensorView* tensor : weights.tensors()) {
    json::object& entry = listing.add(*tensor, to_string(tensor->dtype));
    entry["file"] = fs::path(tensor->file).filename().string();
  }
  return std::move(listing).finish({{"format", "safetensors"}, {"config", shown_config(config)}});
}

Result<json::object> inspect_safetensors(const fs::path& path) {
  CAIRN_ASSIGN(const SafetensorsFile file, SafetensorsFile::open(path));
  Listing listing;
  for (const TensorView& tensor : file.tensors()) listing.add(tensor, to_string(tensor.dtype));
  json::object metadata;
  for (const auto& [key, value] : file.metadata()) metadata[key] = value;
  return std::move(listing).finish({{"format", "safetensors"}, {"metadata", std::move(metadata)}});
}

Result<json::object> inspect_gguf(const fs::path& path) {
  CAIRN_ASSIGN(const GgufFile file, GgufFile::open(path));
  Listing listing;
  for (const GgufTensor& tensor : file.tensors()) listing.add(tensor, to_string(tensor.type));
  json::object metadata;
  for (const auto& [key, value] : file.metadata()) metadata[key] = to_json(value);
  json::object before{{"format", "gguf"}};
  const Result<ModelConfig> config = gguf_config(file);
  if (config.ok()) {
    before["config"] = shown_config(*config);
  } else {
    before["cannot_import"] = config.error().message;
  }
  before["metadata"] = std::move(metadata);
  return std::move(listing).finish(std::move(before));
}

bool begins_as_gguf(const fs::path& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  return file.ok() && file->bytes().size() >= 4 &&
         std::memcmp(file->bytes().data(), "GGUF", 4) == 0;
}

}  // namespace

Result<json::object> inspect_model(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return not_found(path.string() + " does not exist",
                     "name a model folder, a .safetensors file or a GGUF file");
  }
  if (fs::is_directory(path, error)) {
    if (const auto gguf = gguf_of_folder(path)) return inspect_gguf(*gguf);
    return inspect_folder(path);
  }
  if (path.extension() == ".gguf" || begins_as_gguf(path)) return inspect_gguf(path);
  return inspect_safetensors(path);
}

}  // namespace cairn::model
