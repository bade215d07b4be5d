#include <algorithm>
#include <deque>
#include <functional>

#include "core/base/text.h"
#include "core/sdk/kinds.h"
#include "core/workflow/content.h"
#include "core/workflow/keys.h"
#include "core/workflow/shell_text.h"
#include "core/workflow/stage_parts.h"

namespace cairn {
namespace {

constexpr const char* kEnv = "env";
// Of all parameters that differ between the tasks of a stage, as they lie in memory.
constexpr std::size_t kMaxCellBytes = std::size_t{128} << 20;

std::size_t bytes_of(const json::value& value) {
  std::size_t sum = sizeof(json::value);
  if (const auto* text = value.if_string()) {
    sum += text->size();
  } else if (const auto* list = value.if_array()) {
    for (const auto& item : *list) sum += bytes_of(item);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) sum += member.key().size() + bytes_of(member.value());
  }
  return sum;
}

// A value as the text of a template that gives this value.
json::value as_template(const json::value& value) {
  if (const auto* text = value.if_string()) {
    std::string escaped(*text);
    for (std::size_t at = 0; (at = escaped.find("${", at)) != std::string::npos; at += 3)
      escaped.insert(at, 1, '$');
    return json::value(json::string(escaped));
  }
  if (const auto* list = value.if_array()) {
    json::array result;
    for (const auto& item : *list) result.push_back(as_template(item));
    return json::value(std::move(result));
  }
  if (const auto* object = value.if_object()) {
    json::object result;
    for (const auto& member : *object) result[member.key()] = as_template(member.value());
    return json::value(std::move(result));
  }
  return value;
}

class ParamReader {
 public:
  ParamReader(StageScope& scope, StageDraft& draft)
      : scope_(scope),
        draft_(draft),
        decl_(*draft.decl),
        is_shell_(draft.decl->name == kShellType),
        resolver_(scope.resolver.with(scope.cell)) {}

  void read(const YamlNode* with) {
    const std::size_t before = scope_.diagnostics.errors();
    if (with != nullptr) report_unknown(*with);
    for (const ParamDecl& param : decl_.params) read_param(param, with);
    if (is_shell_) read_env();
    if (scope_.diagnostics.errors() == before) check_stage_rules(scope_, draft_, with);
    draft_.params_valid = scope_.diagnostics.errors() == before;
  }

 private:
  using CellValue = std::function<std::optional<json::value>()>;

  void report_unknown(const YamlNode& with) {
    std::vector<std::string> known;
    for (const ParamDecl& param : decl_.params) known.push_back(param.name);
    for (const YamlEntry& entry : with.entries) {
      if (decl_.find_param(entry.key) != nullptr) continue;
      std::string hint = did_you_mean(entry.key, known);
      if (hint.empty() && decl_.find_input(entry.key) != nullptr)
        hint = "it is an input: write it below 'inputs'";
      if (hint.empty() && !known.empty()) hint = "parameters: " + join(known, ", ");
      scope_.error("unknown_parameter", entry.key_offset,
                   "'" + decl_.name + "' has no parameter '" + entry.key + "'", hint);
    }
  }

  void read_param(const ParamDecl& param, const YamlNode* with) {
    const YamlEntry* given = with == nullptr ? nullptr : with->find(param.name);
    if (given == nullptr) {
      if (param.required)
        scope_.error("missing_parameter",
                     with != nullptr && with->is_map() ? with->offset : draft_.offset,
                     "'" + decl_.name + "' needs the parameter '" + param.name + "'", param.doc);
      else
        draft_.spec.params.emplace(param.name, param.default_value);
      return;
    }
    const YamlNode& node = given->value;
    if (is_shell_ && param.name == "run" && node.is_scalar() && node.scalar.is_string())
      return read_script(node);
    const CompiledValue& compiled = compiled_.emplace_back(resolver_.compile(node));
    if (compiled.broken) return;
    if (is_shell_ && param.name == kEnv) {
      env_ = &compiled;
      return;
    }
    if (param.name == decl_.outputs_from_param && !read_outputs(compiled)) return;
    const auto value = [&] { return param_value(param, compiled); };
    if (!compiled.varies) {
      if (auto resolved = value()) draft_.spec.params[param.name] = std::move(*resolved);
    } else if (is_kind(param)) {
      scope_.error("invalid_value", node.offset,
                   "'" + param.name + "' is the kind of an output: it must be one for all tasks");
    } else if (scope_.cell.foreach) {
      add_template(param, node.to_json());
    } else {
      fill_column(param.name, node, value);
    }
  }

  // Of the task at hand.
  std::optional<json::value> param_value(const ParamDecl& param, const CompiledValue& compiled) {
    auto value = resolver_.value(compiled, param);
    if (!value) return std::nullopt;
    resolve_paths(param, *value, scope_.sources.folder);
    if (param.name == decl_.outputs_from_param && !check_outputs(*value, *compiled.node))
      return std::nullopt;
    if (is_kind(param) && !check_kind(*value, compiled.node->offset)) return std::nullopt;
    return value;
  }

  bool is_kind(const ParamDecl& param) const {
    return std::ranges::any_of(
        decl_.outputs, [&](const PortDecl& port) { return port.kind_from_param == param.name; });
  }

  bool check_kind(const json::value& value, std::size_t offset) {
    if (!value.is_string()) return true;
    const std::string kind(value.as_string());
    if (scope_.registry.find_kind(kind) != nullptr) return true;
    const auto known = scope_.registry.kinds();
    const std::string hint = did_you_mean(kind, known);
    scope_.error("unknown_kind", offset, "there is no artifact kind '" + kind + "'",
                 hint.empty() ? "kinds: " + join(known, ", ") : hint);
    return false;
  }

  void add_template(const ParamDecl& param, json::value written) {
    ForeachSpec& foreach = *draft_.spec.foreach;
    foreach
      .templates[param.name] = std::move(written);
    foreach
      .decls.push_back(param);
  }

  // Asks value for every cell; the first that has none ends it.
  void fill_column(const std::string& name, const YamlNode& node, const CellValue& value) {
    if (!scope_.matrix) return;
    Cells& cells = *draft_.spec.cells;
    json::array column;
    column.reserve(cells.size());
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      scope_.cell.label = cells.labels[cell];
      scope_.matrix->select(cell, scope_.cell);
      auto resolved = value();
      scope_.cell.label = {};
      if (!resolved) return;
      bytes_ += bytes_of(*resolved);
      if (bytes_ > kMaxCellBytes) {
        scope_.error("too_large", node.offset,
                     "the parameters of all tasks take more than " + format_bytes(kMaxCellBytes));
        return;
      }
      column.push_back(std::move(*resolved));
    }
    cells.params[name] = std::move(column);
  }

  // The names of further outputs, which must be known before a task runs.
  bool read_outputs(const CompiledValue& compiled) {
    const YamlNode& node = *compiled.node;
    if (!node.is_map()) {
      scope_.error("invalid_value", node.offset, "outputs must be a map, not " + node.describe());
      return false;
    }
    bool good = true;
    if (decl_.outputs_have_kinds && compiled.varies) {
      scope_.error("invalid_value", node.offset,
                   "the kinds of outputs must be the same for all tasks");
      return false;
    }
    for (const YamlEntry& entry : node.entries) {
      draft_.further_outputs.push_back({entry.key, kind::File::kName});
      if (is_name(entry.key)) continue;
      scope_.error("bad_name", entry.key_offset, "'" + entry.key + "' is no name for an output",
                   "letters, digits, '_' and '-', a letter first");
      good = false;
    }
    return good || !compiled.varies;
  }

  bool check_output_kinds(const json::value& value, const YamlNode& node) {
    bool good = true;
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      const YamlEntry& entry = node.entries[i];
      const json::value& kind = value.as_object().at(entry.key);
      good = check_kind(kind, entry.value.offset) && good;
      if (good) draft_.further_outputs[i].kind = std::string(kind.as_string());
    }
    return good;
  }

  // Paths of outputs lie inside of the stage's folder.
  bool check_outputs(const json::value& value, const YamlNode& node) {
    if (decl_.outputs_have_kinds) return check_output_kinds(value, node);
    bool good = true;
    for (const YamlEntry& entry : node.entries) {
      const json::value& path = value.as_object().at(entry.key);
      const fs::path place = path.is_string() ? std::string(path.as_string()) : std::string();
      const bool inside = !place.empty() && place.is_relative() &&
                          *place.lexically_normal().begin() != ".." &&
                          place.lexically_normal() != ".";
      if (inside) continue;
      const std::string task =
          scope_.cell.label.empty() ? "" : " (task " + std::string(scope_.cell.label) + ")";
      scope_.error("invalid_value", entry.value.offset,
                   "the output '" + entry.key +
                       "' must be a relative path inside the stage's folder, not " +
                       (path.is_string() ? json::serialize(path) : entry.value.describe()) + task);
      good = false;
    }
    return good;
  }

  void read_script(const YamlNode& node) {
    auto text = shell_text(node, resolver_, scope_.diagnostics);
    if (!text) return;
    draft_.spec.params["run"] = json::string(text->run);
    variables_ = std::move(text->variables);
  }

  // The variables of the script's expressions stand beside those that the user set.
  void read_env() {
    if (variables_.empty() && env_ == nullptr) return;
    bool varies = env_ != nullptr && env_->varies;
    for (const ShellVariable& variable : variables_) varies = varies || variable.value.varies;
    if (!varies) {
      if (auto env = env_value()) draft_.spec.params[kEnv] = std::move(*env);
      return;
    }
    draft_.spec.params.erase(kEnv);
    if (scope_.cell.foreach)
      env_template();
    else
      fill_column(kEnv, env_ != nullptr ? *env_->node : scope_.node,
                  [this] { return env_value(); });
  }

  std::optional<json::value> env_value() {
    json::object env;
    for (const ShellVariable& variable : variables_) {
      auto value = shell_value(variable.value, resolver_);
      if (!value) return std::nullopt;
      env[variable.name] = std::move(*value);
    }
    if (env_ == nullptr) return json::value(std::move(env));
    auto given = resolver_.value(*env_);
    if (!given) return std::nullopt;
    if (!given->is_object()) {
      report_env();
      return std::nullopt;
    }
    for (auto& variable : given->as_object()) env[variable.key()] = std::move(variable.value());
    return json::value(std::move(env));
  }

  void report_env() {
    const YamlNode& node = *env_->node;
    scope_.error("invalid_value", node.offset, "'env' must be a map, not " + node.describe());
  }

  void env_template() {
    json::object env;
    for (const ShellVariable& variable : variables_) {
      if (variable.value.varies) {
        env[variable.name] = json::string("${str(" + variable.text + ")}");
        continue;
      }
      auto value = shell_value(variable.value, resolver_);
      if (!value) return;
      env[variable.name] = as_template(*value);
    }
    if (env_ != nullptr) {
      const json::value given = env_->varies ? env_->node->to_json() : as_template(env_->constant);
      if (!given.is_object()) return report_env();
      for (const auto& variable : given.as_object()) env[variable.key()] = variable.value();
    }
    const ParamDecl* decl = decl_.find_param(kEnv);
    if (decl != nullptr) add_template(*decl, json::value(std::move(env)));
  }

  StageScope& scope_;
  StageDraft& draft_;
  const StageDecl& decl_;
  const bool is_shell_;
  const Resolver resolver_;
  std::deque<CompiledValue> compiled_;
  std::vector<ShellVariable> variables_;  // of the script
  const CompiledValue* env_ = nullptr;    // as the user gave it
  std::size_t bytes_ = 0;
};

}  // namespace

void read_stage_params(StageScope& scope, StageDraft& draft) {
  const YamlNode* with = scope.member("with");
  if (with != nullptr && !with->is_map() && !with->is_null()) {
    scope.error("invalid_value", with->offset, "'with' must be a map, not " + with->describe());
    return;
  }
  if (draft.decl != nullptr)
    ParamReader(scope, draft).read(with);
  else if (with != nullptr)
    (void)scope.resolver.with(scope.cell).compile(*with);  // its expressions can still be wrong
}

}  // namespace cairn
