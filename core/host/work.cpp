#include "core/host/work.h"

#include <algorithm>

#include "core/host/secrets.h"

namespace cairn::host {
namespace {

MetricRule rule_of(const v1::Watchdog& watchdog) {
  MetricRule rule;
  rule.metric = watchdog.metric();
  rule.when = watchdog.when() == v1::Watchdog::ABOVE   ? MetricRule::When::kAbove
              : watchdog.when() == v1::Watchdog::BELOW ? MetricRule::When::kBelow
                                                       : MetricRule::When::kNotFinite;
  rule.limit = watchdog.limit();
  rule.points = std::max(1U, watchdog.points());
  return rule;
}

}  // namespace

Work::Work(v1::StageWork stage) : stage_(std::move(stage)), store_(stage_.store_folder()) {
  for (const auto& output : stage_.outputs()) outputs_.push_back(output.name());
  for (const auto& watchdog : stage_.watchdogs()) rules_.push_back(rule_of(watchdog));
  for (const auto& [name, input] : stage_.inputs())
    binding_.inputs[name].assign(input.paths().begin(), input.paths().end());
}

StageResources Work::resources() const {
  StageResources resources;
  resources.cpus = static_cast<int>(std::max(1U, stage_.resources().cpus()));
  resources.memory_bytes = stage_.resources().memory_bytes();
  resources.gpus = stage_.resources().gpus_size();
  return resources;
}

Result<const StageType*> Work::load(PluginShelf& shelf) {
  if (type_ != nullptr) return type_;
  CAIRN_ASSIGN(const PluginLibrary* library, shelf.get(stage_.plugin(), stage_.plugin_digest()));
  const StageType* type = library->find(stage_.stage_type());
  if (type == nullptr)
    return not_found(stage_.plugin() + " has no stage type '" + stage_.stage_type() + "'");
  if (!stage_.params_json().empty()) {
    CAIRN_ASSIGN(base_, parse_json_object(stage_.params_json()));
  }
  decl_ = type->declaration();
  type_ = type;
  return type_;
}

Result<const StageBinding*> Work::bind(const std::vector<std::string_view>& layers, fs::path out,
                                       std::vector<std::string>* secrets) {
  binding_.out_dir = std::move(out);
  const auto is_empty = [](std::string_view layer) { return layer.empty(); };
  const bool plain = std::all_of(layers.begin(), layers.end(), is_empty) &&
                     !may_name_secrets(stage_.params_json());
  if (!plain || !plain_) {
    plain_ = false;
    CAIRN_ASSIGN(binding_.params, params(layers, secrets));
    plain_ = plain;
  }
  return &binding_;
}

Result<json::object> Work::params(const std::vector<std::string_view>& layers,
                                  std::vector<std::string>* secrets) const {
  json::object merged = base_;
  bool secret = may_name_secrets(stage_.params_json());
  for (const std::string_view layer : layers) {
    if (layer.empty()) continue;
    secret = secret || may_name_secrets(layer);
    CAIRN_ASSIGN(json::object own, parse_json_object(layer));
    for (auto& member : own) merged[member.key()] = std::move(member.value());
  }
  if (secret) CAIRN_TRY(resolve_secrets(merged, secrets));
  return canonical_params(decl_, merged);
}

}  // namespace cairn::host
