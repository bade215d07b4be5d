#include "core/workflow/content.h"

#include <algorithm>
#include <optional>

#include "core/base/files.h"
#include "core/workflow/shell_text.h"

namespace cairn {

bool is_content(const StageDecl& stage, const ParamDecl& param) {
  return param.content || (stage.name == kShellType && param.name == "files");
}

void for_each_path(json::value& value, const std::function<void(json::value& path)>& use) {
  if (value.is_string()) {
    if (!value.as_string().empty()) use(value);
  } else if (value.is_array()) {
    for (json::value& item : value.as_array()) for_each_path(item, use);
  } else if (value.is_object()) {
    for (auto& member : value.as_object()) for_each_path(member.value(), use);
  }
}

std::map<std::string, ContentPlace> content_places(const StageDraft& draft,
                                                   const StageSources& sources) {
  std::map<std::string, ContentPlace> places;
  if (draft.decl == nullptr) return places;
  const YamlEntry* stage = sources.stages->find(draft.spec.name);
  const YamlEntry* with = stage->value.find("with");
  for (const ParamDecl& param : draft.decl->params) {
    if (!is_content(*draft.decl, param)) continue;
    const YamlEntry* given = with == nullptr ? nullptr : with->value.find(param.name);
    places[param.name] = given == nullptr
                             ? ContentPlace{draft.source, draft.offset, param.doc}
                             : ContentPlace{draft.source, given->value.offset, param.doc};
  }
  return places;
}

bool holds_secret(const json::value& value) {
  if (is_secret(value)) return true;
  if (const auto* list = value.if_array()) return std::ranges::any_of(*list, holds_secret);
  const auto* object = value.if_object();
  return object != nullptr && std::ranges::any_of(*object, [](const auto& member) {
           return holds_secret(member.value());
         });
}

namespace {

class Identifier {
 public:
  Identifier(bool identify, Diagnostics& diagnostics)
      : identify_(identify), diagnostics_(diagnostics) {}

  // Paths of a value become digests. False with a diagnostic.
  bool value(json::value& value, const std::string& param, const ContentPlace& place,
             const std::string& suffix) {
    bool good = true;
    for_each_path(value, [&](json::value& path) {
      const Digest* digest = find(std::string(path.as_string()), param, place, suffix);
      good = good && digest != nullptr;
      if (digest != nullptr && identify_) path = json::string(*digest);
    });
    return good;
  }

 private:
  // Null: reported, once for each path.
  const Digest* find(const std::string& path, const std::string& param, const ContentPlace& place,
                     const std::string& suffix) {
    const auto [known, fresh] = known_.try_emplace(path);
    if (!fresh) return known->second ? &*known->second : nullptr;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      diagnostics_.error(
          "missing_file", *place.source, place.offset, "there is nothing at " + path + suffix,
          param + ": " + place.doc + "; relative paths begin at the workflow file's folder");
      return nullptr;
    }
    if (!identify_) {
      known->second.emplace();
      return &*known->second;
    }
    auto content = identify_content(path);
    if (content.ok())
      known->second = content->digest;
    else
      diagnostics_.error("unreadable", *place.source, place.offset,
                         content.error().message + suffix, content.error().hint);
    return known->second ? &*known->second : nullptr;
  }

  const bool identify_;
  Diagnostics& diagnostics_;
  std::map<std::string, std::optional<Digest>> known_;
};

void identify_column(Cells& cells, const std::string& param, const ContentPlace& place, bool keep,
                     Identifier& identifier) {
  json::array column = cells.params.at(param);
  for (std::size_t cell = 0; cell < column.size(); ++cell) {
    if (!identifier.value(column[cell], param, place, " (task " + cells.labels[cell] + ")")) return;
  }
  if (keep) cells.key_params[param] = std::move(column);
}

}  // namespace

void identify_contents(WorkflowSpec& spec, bool identify, const ContentPlaces& places,
                       Diagnostics& diagnostics) {
  Identifier identifier(identify, diagnostics);
  for (StageSpec& stage : spec.stages) {
    stage.key_params = stage.params;
    const auto found = places.find(stage.name);
    if (found == places.end() || !stage.enabled) continue;
    for (const auto& [param, place] : found->second) {
      if (auto* value = stage.key_params.if_contains(param))
        (void)identifier.value(*value, param, place, "");
      else if (stage.cells && stage.cells->params.contains(param))
        identify_column(*stage.cells, param, place, identify, identifier);
    }
  }
}

}  // namespace cairn
