#include "core/workflow/stage_reader.h"

#include <algorithm>
#include <utility>

#include "core/base/text.h"
#include "core/workflow/content.h"
#include "core/workflow/keys.h"
#include "core/workflow/shell_text.h"

namespace cairn {
namespace {

class StageReader {
 public:
  StageReader(const StageSources& sources, const Resolver& resolver, const Registry& registry,
              Diagnostics& diagnostics)
      : sources_(sources), resolver_(resolver), registry_(registry), diagnostics_(diagnostics) {}

  std::optional<StageDraft> read(const YamlEntry& entry) {
    node_ = &entry.value;
    const std::string of = "stage '" + entry.key + "'";
    if (!is_name(entry.key))
      error("bad_name", entry.key_offset, "'" + entry.key + "' is no name for a stage",
            "letters, digits, '_' and '-', a letter first");
    if (!node_->is_map()) {
      error("invalid_value", node_->offset, of + " must be a map, not " + node_->describe());
      return std::nullopt;
    }
    check_keys(*node_, stage_keys(), of, diagnostics_);
    draft_ = StageDraft{};
    draft_.source = node_->source;
    draft_.offset = entry.key_offset;
    draft_.spec.name = entry.key;
    draft_.spec.where = node_->source->where(entry.key_offset);
    read_type();
    read_params();
    read_inputs();
    read_names("after", draft_.after);
    read_condition();
    read_settings();
    return std::move(draft_);
  }

 private:
  void error(const char* code, std::size_t offset, std::string message, std::string hint = {}) {
    diagnostics_.error(code, *node_->source, offset, std::move(message), std::move(hint));
  }

  const YamlNode* member(std::string_view key) const {
    const YamlEntry* entry = node_->find(key);
    return entry == nullptr ? nullptr : &entry->value;
  }

  // From the stage, else from the defaults.
  const YamlNode* setting(std::string_view key) const {
    if (const YamlNode* own = member(key)) return own;
    const YamlEntry* entry = sources_.defaults ? sources_.defaults->find(key) : nullptr;
    return entry == nullptr ? nullptr : &entry->value;
  }

  // A member of a map such as retry: the stage's, else that of the defaults.
  const YamlNode* setting(std::string_view map, std::string_view key) const {
    for (const YamlNode* stage : {node_, sources_.defaults}) {
      const YamlEntry* outer = stage == nullptr ? nullptr : stage->find(map);
      const YamlEntry* inner = outer == nullptr ? nullptr : outer->value.find(key);
      if (inner != nullptr) return &inner->value;
    }
    return nullptr;
  }

  void read_type() {
    const YamlNode* uses = member("uses");
    if (uses == nullptr) return;
    if (!uses->is_scalar() || !uses->scalar.is_string()) {
      error("invalid_value", uses->offset,
            "'uses' must name a stage type, not " + uses->describe());
      return;
    }
    draft_.spec.uses = uses->text;
    const Registry::Entry* entry = registry_.find(uses->text);
    if (entry == nullptr) {
      const auto types = registry_.stage_types();
      std::string hint = did_you_mean(uses->text, types);
      if (hint.empty())
        hint =
            types.empty() ? "no plugins were found: see --plugin-dir" : "see 'cairn plugins list'";
      error("unknown_stage_type", uses->offset, "there is no stage type '" + uses->text + "'",
            hint);
      return;
    }
    draft_.decl = entry->stage;
    draft_.spec.revision = entry->stage->revision;
    draft_.spec.random = entry->stage->random;
    draft_.spec.plugin = entry->library->library.string();
    draft_.spec.plugin_digest = entry->library->digest;
  }

  void read_params() {
    const YamlNode* with = member("with");
    if (with != nullptr && !with->is_map() && !with->is_null()) {
      error("invalid_value", with->offset, "'with' must be a map, not " + with->describe());
      return;
    }
    if (draft_.decl == nullptr) {
      if (with != nullptr) (void)resolver_.value(*with);  // its expressions can still be wrong
      return;
    }
    const std::size_t before = diagnostics_.errors();
    const StageDecl& decl = *draft_.decl;
    std::vector<std::string> known;
    for (const ParamDecl& param : decl.params) known.push_back(param.name);
    if (with != nullptr) {
      for (const YamlEntry& entry : with->entries) {
        if (decl.find_param(entry.key) != nullptr) continue;
        std::string hint = did_you_mean(entry.key, known);
        if (hint.empty() && decl.find_input(entry.key) != nullptr)
          hint = "it is an input: write it below 'inputs'";
        if (hint.empty() && !known.empty()) hint = "parameters: " + join(known, ", ");
        error("unknown_parameter", entry.key_offset,
              "'" + decl.name + "' has no parameter '" + entry.key + "'", hint);
      }
    }
    for (const ParamDecl& param : decl.params) read_param(param, with);
    draft_.params_valid = diagnostics_.errors() == before;
  }

  void read_param(const ParamDecl& param, const YamlNode* with) {
    const YamlEntry* given = with == nullptr ? nullptr : with->find(param.name);
    if (given == nullptr) {
      if (param.required)
        error("missing_parameter", with != nullptr && with->is_map() ? with->offset : draft_.offset,
              "'" + draft_.decl->name + "' needs the parameter '" + param.name + "'", param.doc);
      else
        draft_.spec.params.emplace(param.name, param.default_value);
      return;
    }
    std::optional<json::value> value;
    if (draft_.decl->name == kShellType && param.name == "run" && given->value.is_scalar())
      value = read_script(param, given->value);
    else
      value = resolver_.value(given->value, param);
    if (!value) return;
    if (param.type == ParamType::kPath || is_content(*draft_.decl, param)) resolve_paths(*value);
    if (draft_.decl->name == kShellType && param.name == "env")
      return merge_env(*value, given->value);
    if (param.name == draft_.decl->outputs_from_param) check_outputs(*value, given->value);
    draft_.spec.params[param.name] = std::move(*value);
  }

  // Names of outputs to paths inside of the stage's folder.
  void check_outputs(const json::value& value, const YamlNode& node) {
    if (!node.is_map() || !value.is_object()) {
      error("invalid_value", node.offset, "outputs must be a map, not " + node.describe());
      return;
    }
    for (const YamlEntry& entry : node.entries) {
      if (!is_name(entry.key))
        error("bad_name", entry.key_offset, "'" + entry.key + "' is no name for an output",
              "letters, digits, '_' and '-', a letter first");
      const json::value& path = value.as_object().at(entry.key);
      const fs::path place = path.is_string() ? std::string(path.as_string()) : std::string();
      const bool inside = !place.empty() && place.is_relative() &&
                          *place.lexically_normal().begin() != ".." &&
                          place.lexically_normal() != ".";
      if (!inside)
        error("invalid_value", entry.value.offset,
              "the output '" + entry.key +
                  "' must be a relative path inside the stage's folder, not " +
                  entry.value.describe());
    }
  }

  // Texts of a value become absolute paths.
  void resolve_paths(json::value& value) const {
    for_each_path(value, [this](json::value& path) {
      path = json::string(
          (sources_.folder / std::string(path.as_string())).lexically_normal().string());
    });
  }

  std::optional<json::value> read_script(const ParamDecl& param, const YamlNode& node) {
    if (!node.scalar.is_string()) return resolver_.value(node, param);
    auto text = shell_text(node, resolver_, diagnostics_);
    if (!text) return std::nullopt;
    json::value& env = draft_.spec.params["env"];
    if (!env.is_object()) env = json::object();
    for (const auto& [name, variable] : text->variables) env.as_object()[name] = variable;
    return json::value(json::string(text->run));
  }

  // Variables of the script's expressions stand beside those that the user set.
  void merge_env(const json::value& given, const YamlNode& node) {
    if (!given.is_object()) {
      error("invalid_value", node.offset, "'env' must be a map, not " + node.describe());
      return;
    }
    json::value& env = draft_.spec.params["env"];
    if (!env.is_object()) env = json::object();
    for (const auto& variable : given.as_object())
      env.as_object()[variable.key()] = variable.value();
  }

  bool reference(const YamlNode& node, const char* what, std::vector<Reference>& references) {
    if (!node.is_scalar() || !node.scalar.is_string()) {
      diagnostics_.error("invalid_value", *node.source, node.offset,
                         std::string(what) + " is needed here, not " + node.describe());
      return false;
    }
    references.push_back({node.text, node.source, node.offset});
    return true;
  }

  void read_inputs() {
    const YamlNode* inputs = member("inputs");
    if (inputs == nullptr || inputs->is_null()) return;
    if (!inputs->is_map()) {
      error("invalid_value", inputs->offset,
            "'inputs' must be a map of ports, not " + inputs->describe());
      return;
    }
    for (const YamlEntry& entry : inputs->entries) {
      InputDraft input{entry.key, inputs->source, entry.key_offset, entry.value.is_list(), {}};
      const char* what = "a reference STAGE.OUTPUT";
      if (!entry.value.is_list())
        reference(entry.value, what, input.references);
      else
        for (const YamlNode& item : entry.value.items) reference(item, what, input.references);
      draft_.inputs.push_back(std::move(input));
    }
  }

  void read_names(const char* key, std::vector<Reference>& references) {
    const YamlNode* names = member(key);
    if (names == nullptr) return;
    if (!names->is_list())
      reference(*names, "the name of a stage", references);
    else
      for (const YamlNode& item : names->items) reference(item, "the name of a stage", references);
  }

  void read_condition() {
    const YamlNode* when = member("when");
    if (when == nullptr) return;
    const auto condition = resolver_.condition(*when);
    if (!condition) return;
    draft_.spec.enabled = condition->enabled;
    draft_.spec.when = condition->deferred;
    for (const std::string& stage : condition->stages) {
      const std::size_t in_text = when->text.find("stages." + stage);
      draft_.condition_reads.push_back(
          {stage, when->source,
           in_text == std::string::npos ? when->offset : source_offset(*when, in_text)});
    }
  }

  // The value of a kValue key, checked against the table it comes from.
  template <typename Use>
  void use(const YamlNode* node, const std::vector<Key>& keys, const char* name, Use apply) {
    if (node == nullptr) return;
    if (auto value = resolver_.value(*node, find_key(keys, name)->decl, true)) apply(*value);
  }

  void read_settings() {
    for (const char* map : {"retry", "resources"}) {
      const YamlNode* node = member(map);
      if (node == nullptr) continue;
      if (node->is_map())
        check_keys(*node, map == std::string_view("retry") ? retry_keys() : resource_keys(),
                   std::string("'") + map + "'", diagnostics_);
      else
        error("invalid_value", node->offset,
              std::string("'") + map + "' must be a map, not " + node->describe());
    }
    StageSpec& spec = draft_.spec;
    use(setting("retry", "max_attempts"), retry_keys(), "max_attempts",
        [&](const auto& value) { spec.retry.max_attempts = static_cast<int>(value.as_int64()); });
    use(setting("retry", "backoff"), retry_keys(), "backoff",
        [&](const auto& value) { spec.retry.backoff = Duration(value.as_int64()); });
    use(setting("resources", "cpus"), resource_keys(), "cpus",
        [&](const auto& value) { spec.resources.cpus = static_cast<int>(value.as_int64()); });
    use(setting("resources", "gpus"), resource_keys(), "gpus",
        [&](const auto& value) { spec.resources.gpus = static_cast<int>(value.as_int64()); });
    use(setting("resources", "memory"), resource_keys(), "memory", [&](const auto& value) {
      spec.resources.memory_bytes = static_cast<std::uint64_t>(value.as_int64());
    });
    use(setting("timeout"), stage_keys(), "timeout",
        [&](const auto& value) { spec.timeout = Duration(value.as_int64()); });
    use(setting("cache"), stage_keys(), "cache",
        [&](const auto& value) { spec.cache = value.as_bool(); });
    use(setting("isolation"), stage_keys(), "isolation",
        [&](const auto& value) { spec.fresh_host = value.as_string() == "process"; });
    if (const YamlNode* description = member("description"))
      spec.description = resolver_.description(*description).value_or("");
  }

  const StageSources& sources_;
  const Resolver& resolver_;
  const Registry& registry_;
  Diagnostics& diagnostics_;
  const YamlNode* node_ = nullptr;
  StageDraft draft_;
};

}  // namespace

std::vector<StageDraft> read_stages(const StageSources& sources, const Resolver& resolver,
                                    const Registry& registry, Diagnostics& diagnostics) {
  StageReader reader(sources, resolver, registry, diagnostics);
  std::vector<StageDraft> drafts;
  for (const YamlEntry& entry : sources.stages->entries) {
    if (auto draft = reader.read(entry)) drafts.push_back(std::move(*draft));
  }
  return drafts;
}

}  // namespace cairn
