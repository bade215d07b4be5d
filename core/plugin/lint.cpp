#include "core/plugin/lint.h"

#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "core/sdk/pattern.h"

namespace cairn {
namespace {

bool is_word(std::string_view name, bool dots, bool star = false) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto inner = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || (dots && c == '.') ||
           (star && (c == '*' || c == '/'));
  };
  return !name.empty() && (letter(name[0]) || (star && name[0] == '*')) &&
         std::ranges::all_of(name, inner);
}

class Linter {
 public:
  explicit Linter(const StageDecl& stage) : stage_(stage) {}

  std::vector<std::string> run() {
    name("stage type", stage_.name, true);
    documented("stage type '" + stage_.name + "'", stage_.doc);
    for (const ParamDecl& decl : stage_.params) param(decl, decl.name, true);
    for (const PortDecl& port : stage_.inputs) named("input", port.name, port.doc, inputs_);
    for (const PortDecl& port : stage_.outputs) named("output", port.name, port.doc, outputs_);
    for (const MetricDecl& metric : stage_.metrics) {
      named("metric", metric.name, metric.doc, metrics_);
      if (metric.unit.empty()) find("metric '" + metric.name + "' has no unit");
      if (std::ranges::count(metric.name, '*') > 1)
        find("metric '" + metric.name + "' has more than one '*'");
    }
    for (const KindDecl& kind : stage_.kinds) {
      name("artifact kind", kind.name, true);
      documented("artifact kind '" + kind.name + "'", kind.doc);
    }
    if (stage_.checkpoints) {
      if (trim(stage_.checkpoints->doc).empty()) find("its checkpoints have no documentation");
      if (stage_.checkpoints->unit.empty()) find("its checkpoints do not say what a step counts");
    }
    checks();
    kinds_from_params();
    return std::move(findings_);
  }

 private:
  void find(std::string finding) { findings_.push_back(std::move(finding)); }

  void documented(const std::string& what, const std::string& doc) {
    if (trim(doc).empty())
      find(what + " has no documentation");
    else if (!is_valid_utf8(doc))
      find("the documentation of " + what + " is not valid UTF-8");
  }

  void name(const std::string& what, const std::string& text, bool dots) {
    if (!is_word(text, dots))
      find(what + " '" + printable(text) +
           "' is no good name: letters, digits, '_' and '-', a letter first");
  }

  void named(const std::string& what, const std::string& text, const std::string& doc,
             std::set<std::string>& seen) {
    if (!is_word(text, what == "metric", what == "metric")) name(what, text, false);
    documented(what + " '" + text + "'", doc);
    if (!seen.insert(text).second) find(what + " '" + text + "' is declared twice");
  }

  void param(const ParamDecl& decl, const std::string& path, bool outermost) {
    const std::string what = "parameter '" + path + "'";
    if (outermost && !params_.insert(decl.name).second) find(what + " is declared twice");
    if (!is_word(decl.name, false)) name("parameter", path, outermost);
    documented(what, decl.doc);
    if (decl.min && decl.max && *decl.min > *decl.max) find(what + " has an empty range");
    if (!decl.pattern.empty()) {
      const auto good = matches_pattern(decl.pattern, "");
      if (!good.ok()) find(what + ": " + good.error().message);
    }
    // An empty text, and what only a host knows, may stand for "none".
    const bool none =
        decl.default_value.is_null() && (decl.nullable || decl.type == ParamType::kSecret);
    if (!decl.required && !none && decl.type != ParamType::kDuration) {
      const auto canonical = canonical_param(decl, decl.default_value);
      if (!canonical.ok())
        find("the default of " + what + " is wrong: " + canonical.error().message);
    }
    const ParamDecl* inner = &decl;
    while (!inner->element.empty()) inner = &inner->element.front();
    for (const ParamDecl& field : inner->fields) param(field, path + "." + field.name, false);
  }

  void checks() {
    json::object defaults;
    for (const ParamDecl& decl : stage_.params)
      if (!decl.required) defaults[decl.name] = decl.default_value;
    for (const CheckDecl& check : stage_.checks) {
      const std::string what = "the check (" + to_string(check.rule) + ")";
      documented(what, check.doc);
      for (const std::string& param : params_of(check.rule))
        if (stage_.find_param(param) == nullptr)
          find(std::string(what).append(" names '").append(param).append("', no parameter"));
    }
    for (const CheckDecl* broken : broken_checks(stage_, defaults))
      find("the defaults break the check (" + to_string(broken->rule) + ")");
  }

  void kinds_from_params() {
    for (const PortDecl& port : stage_.outputs)
      if (!port.kind_from_param.empty() && stage_.find_param(port.kind_from_param) == nullptr)
        find("output '" + port.name + "' takes its kind from '" + port.kind_from_param +
             "', no parameter");
    if (!stage_.outputs_from_param.empty() &&
        stage_.find_param(stage_.outputs_from_param) == nullptr)
      find("it takes outputs from '" + stage_.outputs_from_param + "', no parameter");
  }

  const StageDecl& stage_;
  std::vector<std::string> findings_;
  std::set<std::string> params_;
  std::set<std::string> inputs_;
  std::set<std::string> outputs_;
  std::set<std::string> metrics_;
};

}  // namespace

std::vector<std::string> lint(const StageDecl& stage) {
  return Linter(stage).run();
}

}  // namespace cairn
