// Writing and reading model folders.
#include "core/base/json.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/generation_config.h"
#include "plugins/lib/model/parameters.h"
#include "plugins/lib/model/tokenizer.h"

namespace cairn::model {
namespace {

Result<void> write_weights(const CausalLm& model, const fs::path& folder, Dtype dtype,
                           std::uint64_t shard_bytes) {
  CAIRN_ASSIGN(WeightsWriter writer,
               WeightsWriter::create(folder, parameter_plan(model.config(), dtype), shard_bytes));
  for (const auto& [name, tensor] : model.parameters()) {
    const at::Tensor values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    CAIRN_TRY(writer.write_f32(
        name, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}));
  }
  return writer.finish();
}

json::object sampling_config(const ModelConfig& config) {
  json::object object = generation_config(config);
  object["do_sample"] = true;
  object["temperature"] = 0.7;
  object["top_p"] = 0.95;
  return object;
}

}  // namespace

Result<void> save_model(const CausalLm& model, const fs::path& folder, Dtype dtype,
                        const fs::path& tokenizer_folder, std::uint64_t shard_bytes) {
  FileSystem& files = real_file_system();
  CAIRN_TRY(files.make_directories(folder));
  CAIRN_TRY(files.write_atomic(folder / "config.json",
                               pretty_json(config_to_json(model.config(), config_name(dtype)))));
  CAIRN_TRY(files.write_atomic(folder / "generation_config.json",
                               pretty_json(sampling_config(model.config()))));
  CAIRN_TRY(copy_tokenizer(tokenizer_folder, folder));
  return write_weights(model, folder, dtype, shard_bytes);
}

Result<void> save_weights(const CausalLm& model, const fs::path& folder) {
  return write_weights(model, folder, Dtype::kF32, kDefaultShardBytes);
}

Result<void> load_weights(CausalLm& model, const fs::path& folder) {
  CAIRN_ASSIGN(const Weights weights, Weights::open(folder));
  for (const TensorPlan& plan : parameter_plan(model.config(), Dtype::kF32)) {
    const TensorView* view = weights.find(plan.name);
    if (view == nullptr) {
      return corrupt("checkpoint " + folder.string() + " lacks tensor " + plan.name);
    }
    at::Tensor values = at::empty(view->shape, at::kFloat);
    CAIRN_TRY(to_f32(*view, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}));
    CAIRN_TRY(model.set_parameter(plan.name, values));
  }
  return {};
}

}  // namespace cairn::model
