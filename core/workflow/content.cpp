#include "core/workflow/content.h"

#include <algorithm>
#include <optional>

#include "core/base/files.h"

namespace cairn {

namespace {

constexpr std::string_view kSecretFile = "file:";

// Calls use for every value of a leaf type and of what a value holds.
void for_each_leaf(const ParamDecl& decl, json::value& value,
                   const std::function<void(const ParamDecl&, json::value&)>& use) {
  if (decl.type == ParamType::kList && value.is_array()) {
    for (json::value& item : value.as_array()) for_each_leaf(decl.element.front(), item, use);
  } else if (decl.type == ParamType::kMap && value.is_object()) {
    for (auto& member : value.as_object()) for_each_leaf(decl.element.front(), member.value(), use);
  } else if (decl.type == ParamType::kStruct && value.is_object()) {
    for (const ParamDecl& field : decl.fields) {
      json::value* member = value.as_object().if_contains(field.name);
      if (member != nullptr) for_each_leaf(field, *member, use);
    }
  } else {
    use(decl, value);
  }
}

bool any_leaf(const ParamDecl& decl, const std::function<bool(const ParamDecl&)>& is) {
  const auto inner = [&](const ParamDecl& part) { return any_leaf(part, is); };
  if (!decl.element.empty()) return inner(decl.element.front());
  return decl.fields.empty() ? is(decl) : std::ranges::any_of(decl.fields, inner);
}

std::string from_folder(const fs::path& folder, std::string_view path) {
  return (folder / path).lexically_normal().string();
}

}  // namespace

bool has_paths(const ParamDecl& decl) {
  return any_leaf(decl, [](const ParamDecl& leaf) { return leaf.type == ParamType::kPath; });
}

bool has_content(const ParamDecl& decl) {
  return any_leaf(
      decl, [](const ParamDecl& leaf) { return leaf.type == ParamType::kPath && leaf.content; });
}

void for_each_path(const ParamDecl& decl, json::value& value,
                   const std::function<void(json::value& path, bool content)>& use) {
  for_each_leaf(decl, value, [&](const ParamDecl& leaf, json::value& text) {
    if (leaf.type == ParamType::kPath && text.is_string() && !text.as_string().empty())
      use(text, leaf.content);
  });
}

void resolve_paths(const ParamDecl& decl, json::value& value, const fs::path& folder) {
  for_each_leaf(decl, value, [&](const ParamDecl& leaf, json::value& text) {
    if (leaf.type == ParamType::kPath && text.is_string() && !text.as_string().empty())
      text = json::string(from_folder(folder, text.as_string()));
    if (leaf.type != ParamType::kSecret || !is_secret(text)) return;
    auto& reference = text.as_object()[kSecretKey].as_string();
    if (reference.starts_with(kSecretFile))
      reference =
          std::string(kSecretFile) + from_folder(folder, reference.subview(kSecretFile.size()));
  });
}

std::map<std::string, ContentPlace> content_places(const StageDraft& draft,
                                                   const StageSources& sources) {
  std::map<std::string, ContentPlace> places;
  if (draft.decl == nullptr) return places;
  const YamlEntry* stage = sources.stages->find(draft.spec.name);
  const YamlEntry* with = stage->value.find("with");
  for (const ParamDecl& param : draft.decl->params) {
    if (!has_content(param)) continue;
    const YamlEntry* given = with == nullptr ? nullptr : with->value.find(param.name);
    places[param.name] = given == nullptr ? ContentPlace{draft.source, draft.offset, param}
                                          : ContentPlace{draft.source, given->value.offset, param};
  }
  return places;
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
    for_each_path(place.param, value, [&](json::value& path, bool content) {
      if (!content) return;
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
          param + ": " + place.param.doc + "; relative paths begin at the workflow file's folder");
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
