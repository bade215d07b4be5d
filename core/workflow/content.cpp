#include "core/workflow/content.h"

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

void identify_contents(WorkflowSpec& spec, bool identify, const ContentPlaces& places,
                       Diagnostics& diagnostics) {
  std::map<std::string, Digest> known;
  for (StageSpec& stage : spec.stages) {
    stage.key_params = stage.params;
    const auto found = places.find(stage.name);
    if (found == places.end() || !stage.enabled) continue;
    for (const auto& [param, place] : found->second) {
      auto* value = stage.key_params.if_contains(param);
      if (value == nullptr) continue;
      for_each_path(*value, [&](json::value& path) {
        const std::string text(path.as_string());
        std::error_code ignored;
        if (!fs::exists(text, ignored)) {
          diagnostics.error(
              "missing_file", *place.source, place.offset, "there is nothing at " + text,
              param + ": " + place.doc + "; relative paths begin at the workflow file's folder");
          return;
        }
        if (!identify) return;
        auto [digest, fresh] = known.try_emplace(text);
        if (fresh) {
          auto content = identify_content(text);
          if (!content.ok()) {
            diagnostics.error("unreadable", *place.source, place.offset, content.error().message,
                              content.error().hint);
            return;
          }
          digest->second = content->digest;
        }
        path = json::string(digest->second);
      });
    }
  }
}

}  // namespace cairn
