#include "core/sdk/stage.h"

#include "core/base/json.h"

namespace cairn {

StageDecl Stage::declaration() const {
  StageDecl decl;
  for (const auto* param : params_) decl.params.push_back(param->decl());
  for (const auto* input : inputs_) decl.inputs.push_back(input->decl());
  for (const auto* output : outputs_) decl.outputs.push_back(output->decl());
  decl.open_inputs = open_inputs_;
  decl.outputs_from_param = outputs_from_param_;
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

ParamBase::ParamBase(Stage* stage, const char* name, ParamType type, const char* doc) {
  decl_.name = name;
  decl_.type = type;
  decl_.doc = doc;
  stage->params_.push_back(this);
}

void ParamBase::apply(const Range& range) {
  decl_.min = range.min;
  decl_.max = range.max;
}
void ParamBase::apply(const AtLeast& bound) {
  decl_.min = bound.min;
}
void ParamBase::apply(const Choices& choices) {
  decl_.choices = choices.names;
}
void ParamBase::apply(const Content&) {
  decl_.content = true;
}

InputBase::InputBase(Stage* stage, const char* name, const char* kind, const char* doc) {
  decl_.name = name;
  decl_.kind = kind;
  decl_.doc = doc;
  stage->inputs_.push_back(this);
}

Output::Output(Stage* stage, const char* name, const char* kind, const char* doc) {
  decl_.name = name;
  decl_.kind = kind;
  decl_.doc = doc;
  stage->outputs_.push_back(this);
}

Output::Output(Stage* stage, const char* name, KindFromParam kind, const char* doc)
    : Output(stage, name, kind::kFile, doc) {
  decl_.kind_from_param = kind.param;
}

namespace {

Error not_canonical(const char* expected) {
  return internal_error(std::string("a parameter value is not canonical: expected ") + expected);
}

template <typename T, typename Read>
Result<std::vector<T>> read_list(const json::value& value, Read read) {
  if (!value.is_array()) return not_canonical("a list");
  std::vector<T> list;
  for (const auto& item : value.as_array()) {
    CAIRN_ASSIGN(auto element, read(item));
    list.push_back(std::move(element));
  }
  return list;
}

}  // namespace

json::value ParamTraits<bool>::write(const bool& value) {
  return value;
}
Result<bool> ParamTraits<bool>::read(const json::value& value) {
  if (!value.is_bool()) return not_canonical("a bool");
  return value.as_bool();
}

json::value ParamTraits<std::int64_t>::write(const std::int64_t& value) {
  return value;
}
Result<std::int64_t> ParamTraits<std::int64_t>::read(const json::value& value) {
  if (!value.is_int64()) return not_canonical("an integer");
  return std::int64_t{value.as_int64()};
}

json::value ParamTraits<double>::write(const double& value) {
  return value;
}
Result<double> ParamTraits<double>::read(const json::value& value) {
  if (!value.is_number()) return not_canonical("a number");
  return value.to_number<double>();
}

json::value ParamTraits<std::string>::write(const std::string& value) {
  return json::value(value);
}
Result<std::string> ParamTraits<std::string>::read(const json::value& value) {
  if (!value.is_string()) return not_canonical("a string");
  return std::string(value.as_string());
}

json::value ParamTraits<Tokens>::write(const Tokens& value) {
  return value.count;
}
Result<Tokens> ParamTraits<Tokens>::read(const json::value& value) {
  CAIRN_ASSIGN(auto count, ParamTraits<std::int64_t>::read(value));
  return Tokens{count};
}

json::value ParamTraits<Bytes>::write(const Bytes& value) {
  return value.count;
}
Result<Bytes> ParamTraits<Bytes>::read(const json::value& value) {
  CAIRN_ASSIGN(auto count, ParamTraits<std::int64_t>::read(value));
  return Bytes{count};
}

json::value ParamTraits<Duration>::write(const Duration& value) {
  return std::int64_t{value.count()};
}
Result<Duration> ParamTraits<Duration>::read(const json::value& value) {
  CAIRN_ASSIGN(auto milliseconds, ParamTraits<std::int64_t>::read(value));
  return Duration(milliseconds);
}

json::value ParamTraits<fs::path>::write(const fs::path& value) {
  return json::value(value.string());
}
Result<fs::path> ParamTraits<fs::path>::read(const json::value& value) {
  CAIRN_ASSIGN(auto text, ParamTraits<std::string>::read(value));
  return fs::path(text);
}

json::value ParamTraits<std::vector<std::string>>::write(const std::vector<std::string>& value) {
  return json::value_from(value);
}
Result<std::vector<std::string>> ParamTraits<std::vector<std::string>>::read(
    const json::value& value) {
  return read_list<std::string>(value, ParamTraits<std::string>::read);
}

json::value ParamTraits<std::vector<std::int64_t>>::write(const std::vector<std::int64_t>& value) {
  return json::value_from(value);
}
Result<std::vector<std::int64_t>> ParamTraits<std::vector<std::int64_t>>::read(
    const json::value& value) {
  return read_list<std::int64_t>(value, ParamTraits<std::int64_t>::read);
}

json::value ParamTraits<std::vector<double>>::write(const std::vector<double>& value) {
  return json::value_from(value);
}
Result<std::vector<double>> ParamTraits<std::vector<double>>::read(const json::value& value) {
  return read_list<double>(value, ParamTraits<double>::read);
}

json::value ParamTraits<json::value>::write(const json::value& value) {
  return value;
}
Result<json::value> ParamTraits<json::value>::read(const json::value& value) {
  return value;
}

}  // namespace cairn
