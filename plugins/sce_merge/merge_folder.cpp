#include "plugins/sce_merge/merge_folder.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/json.h"

namespace cairn::sce {
namespace {

using model::Dtype;
using model::TensorView;
using model::Weights;

bool rows_may_differ(const std::string& name) {
  return name.ends_with("embed_tokens.weight") || name.ends_with("lm_head.weight");
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

Error mismatch(const std::string& tensor, const fs::path& expert, const std::string& what) {
  return invalid_argument("tensor '" + tensor + "' of " + expert.string() + " " + what,
                          "merge models of one architecture that come from the same base");
}

// Rows that all models have of a tensor whose row counts may differ.
Result<std::int64_t> common_rows(const TensorView& base, const std::vector<const TensorView*>& all,
                                 const std::vector<fs::path>& folders,
                                 std::vector<std::string>& warnings) {
  std::int64_t rows = base.shape[0];
  for (std::size_t m = 0; m < all.size(); ++m) {
    const auto& shape = all[m]->shape;
    if (shape.size() != base.shape.size() ||
        !std::equal(shape.begin() + 1, shape.end(), base.shape.begin() + 1))
      return mismatch(
          base.name, folders[m],
          "has the shape " + shape_text(shape) + "; the base has " + shape_text(base.shape));
    if (shape[0] > base.shape[0])
      warnings.push_back(base.name + ": rows beyond the base's " + std::to_string(base.shape[0]) +
                         " are dropped from expert " + std::to_string(m + 1));
    if (shape[0] < base.shape[0])
      warnings.push_back(base.name + ": expert " + std::to_string(m + 1) + " has only " +
                         std::to_string(shape[0]) + " rows; the others stay the base's");
    rows = std::min(rows, shape[0]);
  }
  return rows;
}

struct Models {
  Weights base;
  std::vector<Weights> experts;
};

Result<Models> open_models(const MergeJob& job) {
  CAIRN_ASSIGN(auto base, Weights::open(job.base));
  Models models{std::move(base), {}};
  std::set<std::string> names;
  for (const auto* tensor : models.base.tensors()) names.insert(tensor->name);
  for (const auto& folder : job.experts) {
    CAIRN_ASSIGN(auto expert, Weights::open(folder));
    for (const auto* tensor : expert.tensors())
      if (!names.contains(tensor->name))
        return mismatch(tensor->name, folder, "has no counterpart in the base");
    for (const auto& name : names)
      if (expert.find(name) == nullptr) return mismatch(name, folder, "is missing");
    models.experts.push_back(std::move(expert));
  }
  return models;
}

Result<std::vector<float>> finite_values(const TensorView& view, const fs::path& folder) {
  CAIRN_ASSIGN(auto values, model::to_f32(view));
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
    return mismatch(view.name, folder, "holds values that are not finite");
  return values;
}

Result<void> merge_one(const TensorView& base_view, const Models& models, const MergeJob& job,
                       model::SafetensorsWriter& writer, MergeReport& report) {
  std::vector<const TensorView*> views;
  for (const auto& expert : models.experts) views.push_back(expert.find(base_view.name));
  CAIRN_ASSIGN(auto base, finite_values(base_view, job.base));
  std::size_t count = base.size();
  const bool matrix = base_view.shape.size() == 2 && rows_may_differ(base_view.name);
  if (matrix) {
    CAIRN_ASSIGN(const auto rows, common_rows(base_view, views, job.experts, report.warnings));
    count = static_cast<std::size_t>(rows * base_view.shape[1]);
  }
  std::vector<std::vector<float>> values;
  std::vector<std::span<const float>> spans;
  for (std::size_t m = 0; m < views.size(); ++m) {
    if (!matrix && views[m]->shape != base_view.shape)
      return mismatch(base_view.name, job.experts[m],
                      "has the shape " + shape_text(views[m]->shape) + "; the base has " +
                          shape_text(base_view.shape));
    CAIRN_ASSIGN(auto expert, finite_values(*views[m], job.experts[m]));
    spans.emplace_back(values.emplace_back(std::move(expert)).data(), count);
  }
  const auto merged = merge_tensor({base.data(), count}, spans, job.options);
  std::ranges::copy(merged.values, base.begin());
  report.delta_norm += merged.stats.delta_squares;
  report.dropped_norm += merged.stats.dropped_squares;
  return writer.write_f32(base_view.name, base);
}

Result<void> copy_side_files(const MergeJob& job) {
  auto& files = real_file_system();
  CAIRN_ASSIGN(const auto text, files.read(job.base / "config.json"));
  CAIRN_ASSIGN(auto config, parse_json_object(text));
  if (job.dtype)
    config[config.contains("dtype") ? "dtype" : "torch_dtype"] = config_name(*job.dtype);
  CAIRN_TRY(files.write_atomic(job.out / "config.json", pretty_json(config)));
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"}) {
    if (!fs::exists(job.base / name)) continue;
    CAIRN_ASSIGN(const auto bytes, files.read(job.base / name));
    CAIRN_TRY(files.write_atomic(job.out / name, bytes));
  }
  return {};
}

}  // namespace

Result<MergeReport> merge_folders(const MergeJob& job, const MergeProgress& progress) {
  CAIRN_ASSIGN(const auto models, open_models(job));
  const auto tensors = models.base.tensors();
  std::vector<model::TensorPlan> plan;
  for (const auto* tensor : tensors) {
    const Dtype own = tensor->dtype == Dtype::kF64 ? Dtype::kF32 : tensor->dtype;
    plan.push_back({tensor->name, job.dtype.value_or(own), tensor->shape});
  }
  CAIRN_TRY(real_file_system().make_directories(job.out));
  CAIRN_ASSIGN(auto writer, model::SafetensorsWriter::create(job.out / "model.safetensors", plan));
  MergeReport report;
  for (const auto* tensor : tensors) {
    if (!progress(report.tensors, tensors.size()))
      return make_error(ErrorCode::kCancelled, "the merge was asked to stop");
    CAIRN_TRY(merge_one(*tensor, models, job, writer, report));
    ++report.tensors;
  }
  CAIRN_TRY(writer.finish());
  CAIRN_TRY(copy_side_files(job));
  report.delta_norm = std::sqrt(report.delta_norm);
  report.dropped_norm = std::sqrt(std::max(0.0, report.dropped_norm));
  return report;
}

}  // namespace cairn::sce
