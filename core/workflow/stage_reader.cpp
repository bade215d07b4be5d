#include "core/workflow/stage_reader.h"

#include <utility>

#include "core/base/text.h"
#include "core/workflow/keys.h"
#include "core/workflow/stage_parts.h"

namespace cairn {
namespace {

class StageReader {
 public:
  explicit StageReader(StageScope& scope) : scope_(scope) {}

  StageDraft read(const YamlEntry& entry) {
    draft_.source = scope_.node.source;
    draft_.offset = entry.key_offset;
    draft_.spec.name = entry.key;
    draft_.spec.where = scope_.node.source->where(entry.key_offset);
    read_type();
    read_stage_tasks(scope_, draft_);
    read_stage_params(scope_, draft_);
    read_inputs();
    read_names("after", draft_.after);
    read_names("on_failure", draft_.on_failure);
    read_stage_settings(scope_, draft_);
    return std::move(draft_);
  }

 private:
  void read_type() {
    const YamlNode* uses = scope_.member("uses");
    if (uses == nullptr) return;
    if (!uses->is_scalar() || !uses->scalar.is_string()) {
      scope_.error("invalid_value", uses->offset,
                   "'uses' must name a stage type, not " + uses->describe());
      return;
    }
    draft_.spec.uses = uses->text;
    const Registry::Entry* entry = scope_.registry.find(uses->text);
    if (const Error* conflict = scope_.registry.conflict(uses->text); conflict != nullptr) {
      scope_.error("conflicting_stage_type", uses->offset, conflict->message, conflict->hint);
      return;
    }
    if (entry == nullptr) {
      const auto types = scope_.registry.stage_types();
      std::string hint = did_you_mean(uses->text, types);
      if (hint.empty())
        hint =
            types.empty() ? "no plugins were found: see --plugin-dir" : "see 'cairn plugins list'";
      scope_.error("unknown_stage_type", uses->offset,
                   "there is no stage type '" + uses->text + "'", hint);
      return;
    }
    draft_.decl = entry->stage;
    draft_.spec.revision = entry->stage->revision;
    draft_.spec.random = entry->stage->random;
    draft_.spec.plugin = entry->library->library.string();
    draft_.spec.plugin_digest = entry->library->digest;
  }

  void read_inputs() {
    const YamlNode* inputs = scope_.member("inputs");
    if (inputs == nullptr || inputs->is_null()) return;
    if (!inputs->is_map()) {
      scope_.error("invalid_value", inputs->offset,
                   "'inputs' must be a map of ports, not " + inputs->describe());
      return;
    }
    for (const YamlEntry& entry : inputs->entries) {
      InputDraft input{entry.key, inputs->source, entry.key_offset, entry.value.is_list(), {}};
      read_references(entry.value, "a reference STAGE.OUTPUT", input.references);
      draft_.inputs.push_back(std::move(input));
    }
  }

  void read_names(const char* key, std::vector<Reference>& references) {
    if (const YamlNode* names = scope_.member(key))
      read_references(*names, "the name of a stage", references);
  }

  // One word or a list of them.
  void read_references(const YamlNode& node, const char* what, std::vector<Reference>& references) {
    if (!node.is_list())
      read_reference(node, what, references, scope_.diagnostics);
    else
      for (const YamlNode& item : node.items)
        read_reference(item, what, references, scope_.diagnostics);
  }

  StageScope& scope_;
  StageDraft draft_;
};

}  // namespace

bool read_reference(const YamlNode& node, const char* what, std::vector<Reference>& references,
                    Diagnostics& diagnostics) {
  if (!node.is_scalar() || !node.scalar.is_string()) {
    diagnostics.error("invalid_value", *node.source, node.offset,
                      std::string(what) + " is needed here, not " + node.describe());
    return false;
  }
  references.push_back({node.text, node.source, node.offset});
  return true;
}

std::vector<StageDraft> read_stages(const StageSources& sources, const Resolver& resolver,
                                    const Registry& registry, Diagnostics& diagnostics) {
  std::vector<StageDraft> drafts;
  for (const YamlEntry& entry : sources.stages->entries) {
    const std::string of = "stage '" + entry.key + "'";
    const YamlNode& node = entry.value;
    if (!is_name(entry.key))
      diagnostics.error("bad_name", *node.source, entry.key_offset,
                        "'" + entry.key + "' is no name for a stage",
                        "letters, digits, '_' and '-', a letter first");
    if (!node.is_map()) {
      diagnostics.error("invalid_value", *node.source, node.offset,
                        of + " must be a map, not " + node.describe());
      continue;
    }
    check_keys(node, stage_keys(), of, diagnostics);
    StageScope scope{sources, node, resolver, diagnostics, registry, {}, {}, {}};
    drafts.push_back(StageReader(scope).read(entry));
  }
  return drafts;
}

}  // namespace cairn
