#include "core/sdk/stage.h"

#include <algorithm>

namespace cairn {
namespace {

constexpr const char* kStateFile = "state.json";

void write_point(StageContext& ctx, std::string_view name, bool runtime, std::int64_t step,
                 double value) {
  if (runtime)
    ctx.runtime_metric(name, step, value);
  else
    ctx.metric(name, step, value);
}

}  // namespace

StageDecl Stage::declaration() const {
  StageDecl decl;
  const auto add_kind = [&](const Kind& kind) {
    if (common_kind(kind.decl.name) == nullptr &&
        std::ranges::find(decl.kinds, kind.decl) == decl.kinds.end())
      decl.kinds.push_back(kind.decl);
  };
  for (const auto* param : params_) decl.params.push_back(param->decl());
  for (const auto* input : inputs_) {
    decl.inputs.push_back(input->decl());
    add_kind(input->kind());
  }
  for (const auto* output : outputs_) {
    decl.outputs.push_back(output->decl());
    add_kind(output->kind());
  }
  decl.checks = checks_;
  decl.metrics = metrics_;
  decl.checkpoints = checkpoints_;
  decl.open_inputs = open_inputs_;
  decl.outputs_from_param = outputs_from_param_;
  decl.outputs_have_kinds = outputs_have_kinds_;
  return decl;
}

Result<void> Stage::bind(const StageBinding& binding) {
  binding_ = binding;
  for (auto* param : params_) {
    const auto* value = binding.params.if_contains(param->decl().name);
    if (value == nullptr)
      return internal_error("parameter '" + param->decl().name + "' was not bound");
    CAIRN_TRY(param->read(*value));
  }
  for (auto* input : inputs_) {
    auto found = binding.inputs.find(input->decl().name);
    if (found != binding.inputs.end()) input->paths_ = found->second;
    if (input->paths_.empty() && !input->decl().optional)
      return invalid_argument("input '" + input->decl().name + "' is missing");
    if (input->paths_.size() > 1 && !input->decl().list)
      return invalid_argument("input '" + input->decl().name + "' takes one artifact, not " +
                              std::to_string(input->paths_.size()));
  }
  for (auto* output : outputs_) output->path_ = binding.out_dir / output->decl().name;
  return {};
}

const Kind* Stage::find_kind(std::string_view name) const {
  for (const auto* output : outputs_)
    if (output->kind().decl.name == name) return &output->kind();
  for (const auto* input : inputs_)
    if (input->kind().decl.name == name) return &input->kind();
  return common_kind(name);
}

Result<void> Stage::check_outputs() const {
  const auto check = [&](const std::string& name, const Kind* kind) -> Result<void> {
    const fs::path path = binding_.out_dir / name;
    std::error_code error;
    if (kind == nullptr || !fs::exists(fs::symlink_status(path, error))) return {};
    auto valid = kind->validate(path);
    if (valid.ok()) return {};
    return with_context(std::move(valid).error(), "output '" + name + "' is no " + kind->decl.name);
  };
  const auto kind_in = [&](const std::string& param) -> const Kind* {
    const auto* value = binding_.params.if_contains(param);
    return value != nullptr && value->is_string() ? find_kind(value->as_string()) : nullptr;
  };
  for (const auto* output : outputs_) {
    const PortDecl& port = output->decl();
    CAIRN_TRY(check(
        port.name, port.kind_from_param.empty() ? &output->kind() : kind_in(port.kind_from_param)));
  }
  const auto* further = binding_.params.if_contains(outputs_from_param_);
  if (!outputs_have_kinds_ || further == nullptr || !further->is_object()) return {};
  for (const auto& member : further->as_object())
    if (member.value().is_string())
      CAIRN_TRY(check(std::string(member.key()), find_kind(member.value().as_string())));
  return {};
}

InputBase::InputBase(Stage* stage, const char* name, Kind kind, const char* doc, bool optional,
                     bool list)
    : kind_(std::move(kind)) {
  decl_.name = name;
  decl_.kind = kind_.decl.name;
  decl_.doc = doc;
  decl_.optional = optional;
  decl_.list = list;
  stage->inputs_.push_back(this);
}

OutputBase::OutputBase(Stage* stage, const char* name, Kind kind, const char* doc)
    : kind_(std::move(kind)) {
  decl_.name = name;
  decl_.kind = kind_.decl.name;
  decl_.doc = doc;
  stage->outputs_.push_back(this);
}

Metric::Metric(Stage* stage, const char* name, const char* unit, const char* doc)
    : name_(name), runtime_(false) {
  stage->metrics_.push_back({name, unit, doc, false});
}

Metric::Metric(Stage* stage, const char* name, const char* unit, const char* doc, Runtime)
    : name_(name), runtime_(true) {
  stage->metrics_.push_back({name, unit, doc, true});
}

void Metric::record(StageContext& ctx, std::int64_t step, double value) const {
  write_point(ctx, name_, runtime_, step, value);
}

void Metric::record(StageContext& ctx, std::string_view part, std::int64_t step,
                    double value) const {
  std::string name = name_;
  if (const std::size_t star = name.find('*'); star != std::string::npos)
    name.replace(star, 1, part);
  write_point(ctx, name, runtime_, step, value);
}

Checkpoints::Checkpoints(Stage* stage, const char* unit, const char* doc, Keep keep)
    : keep_(keep.newest) {
  stage->checkpoints_ = CheckpointDecl{unit, doc, keep.newest};
}

Result<void> Checkpoints::save(StageContext& ctx, std::int64_t step, const json::object& state,
                               const WriteFiles& files) const {
  ctx.keep_checkpoints(keep_);
  return ctx.save_checkpoint(step, [&](const fs::path& folder) -> Result<void> {
    if (files) CAIRN_TRY(files(folder));
    CAIRN_ASSIGN(JsonWriter writer, JsonWriter::create(folder / kStateFile));
    return writer.write(state);
  });
}

Result<std::optional<Checkpoints::Saved>> Checkpoints::latest(StageContext& ctx) const {
  CAIRN_ASSIGN(const auto newest, ctx.latest_checkpoint());
  if (!newest) return std::optional<Saved>();
  CAIRN_ASSIGN(const JsonReader reader, JsonReader::open(newest->folder / kStateFile));
  return std::optional(Saved{newest->step, reader.object(), newest->folder});
}

}  // namespace cairn
