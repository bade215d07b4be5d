#include "core/sdk/param.h"

#include "core/sdk/stage.h"

namespace cairn {

ParamDecl& innermost(ParamDecl& decl) {
  ParamDecl* inner = &decl;
  while (!inner->element.empty()) inner = &inner->element.front();
  return *inner;
}

void apply(ParamDecl& decl, const Range& range) {
  innermost(decl).min = range.min;
  innermost(decl).max = range.max;
}
void apply(ParamDecl& decl, const AtLeast& bound) {
  innermost(decl).min = bound.min;
}
void apply(ParamDecl& decl, const AtMost& bound) {
  innermost(decl).max = bound.max;
}
void apply(ParamDecl& decl, const Choices& choices) {
  innermost(decl).choices = choices.names;
}
void apply(ParamDecl& decl, const Pattern& pattern) {
  innermost(decl).pattern = pattern.expression;
}
void apply(ParamDecl& decl, const Content&) {
  innermost(decl).content = true;
}
void apply(ParamDecl& decl, const Required&) {
  decl.required = true;
}

Error not_canonical(const char* expected) {
  return internal_error(std::string("a parameter value is not canonical: expected ") + expected);
}

namespace {

ParamDecl of_type(ParamType type) {
  ParamDecl decl;
  decl.type = type;
  return decl;
}

}  // namespace

ParamDecl ParamTraits<bool>::decl() {
  return of_type(ParamType::kBool);
}
json::value ParamTraits<bool>::write(const bool& value) {
  return value;
}
Result<bool> ParamTraits<bool>::read(const json::value& value) {
  if (!value.is_bool()) return not_canonical("a bool");
  return value.as_bool();
}

ParamDecl ParamTraits<std::int64_t>::decl() {
  return of_type(ParamType::kInt);
}
json::value ParamTraits<std::int64_t>::write(const std::int64_t& value) {
  return value;
}
Result<std::int64_t> ParamTraits<std::int64_t>::read(const json::value& value) {
  if (!value.is_int64()) return not_canonical("an integer");
  return std::int64_t{value.as_int64()};
}

ParamDecl ParamTraits<double>::decl() {
  return of_type(ParamType::kDouble);
}
json::value ParamTraits<double>::write(const double& value) {
  return value;
}
Result<double> ParamTraits<double>::read(const json::value& value) {
  if (!value.is_number()) return not_canonical("a number");
  return value.to_number<double>();
}

ParamDecl ParamTraits<std::string>::decl() {
  return of_type(ParamType::kString);
}
json::value ParamTraits<std::string>::write(const std::string& value) {
  return json::value(value);
}
Result<std::string> ParamTraits<std::string>::read(const json::value& value) {
  if (!value.is_string()) return not_canonical("a string");
  return std::string(value.as_string());
}

ParamDecl ParamTraits<Tokens>::decl() {
  return of_type(ParamType::kTokens);
}
json::value ParamTraits<Tokens>::write(const Tokens& value) {
  return value.count;
}
Result<Tokens> ParamTraits<Tokens>::read(const json::value& value) {
  CAIRN_ASSIGN(auto count, ParamTraits<std::int64_t>::read(value));
  return Tokens{count};
}

ParamDecl ParamTraits<Bytes>::decl() {
  return of_type(ParamType::kBytes);
}
json::value ParamTraits<Bytes>::write(const Bytes& value) {
  return value.count;
}
Result<Bytes> ParamTraits<Bytes>::read(const json::value& value) {
  CAIRN_ASSIGN(auto count, ParamTraits<std::int64_t>::read(value));
  return Bytes{count};
}

ParamDecl ParamTraits<Duration>::decl() {
  return of_type(ParamType::kDuration);
}
json::value ParamTraits<Duration>::write(const Duration& value) {
  return std::int64_t{value.count()};
}
Result<Duration> ParamTraits<Duration>::read(const json::value& value) {
  CAIRN_ASSIGN(auto milliseconds, ParamTraits<std::int64_t>::read(value));
  return Duration(milliseconds);
}

ParamDecl ParamTraits<fs::path>::decl() {
  return of_type(ParamType::kPath);
}
json::value ParamTraits<fs::path>::write(const fs::path& value) {
  return json::value(value.string());
}
Result<fs::path> ParamTraits<fs::path>::read(const json::value& value) {
  CAIRN_ASSIGN(auto text, ParamTraits<std::string>::read(value));
  return fs::path(text);
}

ParamDecl ParamTraits<Secret>::decl() {
  return of_type(ParamType::kSecret);
}
json::value ParamTraits<Secret>::write(const Secret&) {
  return nullptr;
}
Result<Secret> ParamTraits<Secret>::read(const json::value& value) {
  if (value.is_null()) return Secret();
  if (!value.is_string()) return not_canonical("the text of a secret");
  return Secret(std::string(value.as_string()));
}

ParamDecl ParamTraits<json::value>::decl() {
  return of_type(ParamType::kJson);
}
json::value ParamTraits<json::value>::write(const json::value& value) {
  return value;
}
Result<json::value> ParamTraits<json::value>::read(const json::value& value) {
  return value;
}

ParamBase::ParamBase(Stage* stage, const char* name, ParamDecl type, const char* doc)
    : decl_(std::move(type)) {
  decl_.name = name;
  decl_.doc = doc;
  stage->params_.push_back(this);
}

Check::Check(Stage* stage, Rule rule, const char* doc) {
  stage->checks_.push_back({std::move(rule), doc});
}

Rule given(const ParamBase& param) {
  Rule rule;
  rule.op = Rule::Op::kGiven;
  rule.operands.push_back({param.decl().name, nullptr});
  return rule;
}

Rule compare(Rule::Op op, const ParamBase& left, const ParamBase& right) {
  Rule rule;
  rule.op = op;
  rule.operands = {{left.decl().name, nullptr}, {right.decl().name, nullptr}};
  return rule;
}

Rule compare(Rule::Op op, const ParamBase& left, json::value right) {
  Rule rule;
  rule.op = op;
  rule.operands = {{left.decl().name, nullptr}, {"", std::move(right)}};
  return rule;
}

}  // namespace cairn
