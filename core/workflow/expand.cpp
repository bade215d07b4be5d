#include "core/workflow/expand.h"

#include <set>
#include <utility>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/workflow/content.h"
#include "core/workflow/resolver.h"

namespace cairn {
namespace {

using Items = std::vector<json::value>;

Result<Items> too_many() {
  return invalid_argument("the list has more than " + std::to_string(kMaxTasks) + " items");
}

// A text that begins with '[' and is JSON is an array; else each line is an item.
Result<Items> read_items(std::string_view text) {
  Items items;
  if (trim(text).starts_with('[')) {
    auto whole = parse_json(trim(text));
    if (whole.ok()) {
      auto& list = whole->as_array();
      if (list.size() > kMaxTasks) return too_many();
      for (json::value& item : list) items.push_back(std::move(item));
      return items;
    }
    if (trim(text).find('\n') == std::string_view::npos)
      return invalid_argument("the list is no JSON: " + whole.error().message);
  }
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty()) continue;
    auto item = parse_json(line);
    if (!item.ok())
      return invalid_argument("the list is neither a JSON array nor JSON Lines: line " +
                                  std::to_string(number) + ": " + item.error().message,
                              item.error().hint);
    if (items.size() == kMaxTasks) return too_many();
    items.push_back(std::move(*item));
  }
  return items;
}

std::vector<std::string> labels_of(const Items& items) {
  std::vector<std::string> labels;
  std::set<std::string> seen;
  for (const json::value& item : items) {
    const auto* object = item.if_object();
    const auto* id = object == nullptr ? nullptr : object->if_contains("id");
    const bool usable = id != nullptr && (id->is_string() || id->is_int64());
    std::string label = usable ? printable(*template_text(*id)) : "";
    if (label.empty() || !seen.insert(label).second) break;
    labels.push_back(std::move(label));
  }
  if (labels.size() == items.size()) return labels;
  labels.clear();
  for (std::size_t i = 0; i < items.size(); ++i) labels.push_back(std::to_string(i));
  return labels;
}

// A value as if it had been read from a file.
YamlNode as_node(const json::value& value, const SourcePtr& source) {
  YamlNode node;
  node.source = source;
  if (const auto* list = value.if_array()) {
    node.kind = YamlNode::Kind::kList;
    for (const auto& item : *list) node.items.push_back(as_node(item, source));
  } else if (const auto* object = value.if_object()) {
    node.kind = YamlNode::Kind::kMap;
    for (const auto& member : *object)
      node.entries.push_back({std::string(member.key()), 0, as_node(member.value(), source)});
  } else {
    node.scalar = value;
    node.text = template_text(value).value_or("");
  }
  return node;
}

class Expander {
 public:
  Expander(const WorkflowSpec& workflow, const StageSpec& stage)
      : folder_(workflow.folder),
        stage_(stage),
        scope_{workflow.params, {}, workflow.seed, workflow.name} {
    cell_.foreach = true;
  }

  Result<Cells> expand(std::string_view text) {
    CAIRN_ASSIGN(const Items items, read_items(text));
    Cells cells;
    cells.labels = labels_of(items);
    for (const ParamDecl& decl : stage_.foreach->decls) {
      const auto* written = stage_.foreach->templates.if_contains(decl.name);
      if (written == nullptr) return corrupt("a foreach has no template of '" + decl.name + "'");
      CAIRN_TRY(fill(decl, *written, items, cells));
    }
    return cells;
  }

 private:
  Result<void> fill(const ParamDecl& decl, const json::value& written, const Items& items,
                    Cells& cells) {
    Diagnostics diagnostics;
    const Resolver plain(scope_, diagnostics);
    const Resolver resolver = plain.with(cell_);
    const YamlNode node = as_node(written, SourceFile::make(stage_.name, ""));
    const CompiledValue compiled = resolver.compile(node);
    json::array column;
    column.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      cell_.item = &items[i];
      auto value = resolver.value(compiled, decl);
      if (!value) return failed(decl, cells.labels[i], diagnostics);
      resolve_paths(decl, *value, folder_);
      column.push_back(std::move(*value));
    }
    if (has_content(decl)) {
      CAIRN_TRY(identify(decl, column, cells));
    }
    cells.params[decl.name] = std::move(column);
    return {};
  }

  Error failed(const ParamDecl& decl, const std::string& label,
               const Diagnostics& diagnostics) const {
    const auto found = diagnostics.sorted();
    const std::string why = found.empty() ? "it has no value" : found.front().message;
    return invalid_argument(
        "stage '" + stage_.name + "', item " + label + ", parameter '" + decl.name + "': " + why,
        found.empty() ? "" : found.front().hint);
  }

  Result<void> identify(const ParamDecl& decl, json::array column, Cells& cells) {
    for (std::size_t i = 0; i < column.size(); ++i) {
      std::optional<Error> error;
      for_each_path(decl, column[i], [&](json::value& path, bool is_content) {
        if (!is_content) return;
        const std::string text(path.as_string());
        auto [known, fresh] = known_.try_emplace(text);
        if (fresh && !error) {
          auto content = identify_content(text);
          if (content.ok())
            known->second = content->digest;
          else
            error = std::move(content).error();
        }
        path = json::string(known->second);
      });
      if (!error) continue;
      error->message = "stage '" + stage_.name + "', item " + cells.labels[i] + ", parameter '" +
                       decl.name + "': " + error->message;
      return std::move(*error);
    }
    cells.key_params[decl.name] = std::move(column);
    return {};
  }

  const fs::path folder_;
  const StageSpec& stage_;
  const ResolverScope scope_;
  CellScope cell_;
  std::map<std::string, Digest> known_;  // of contents
};

}  // namespace

Result<Cells> expand_foreach(const WorkflowSpec& workflow, const StageSpec& stage,
                             std::string_view text) {
  if (!stage.foreach) return internal_error("stage '" + stage.name + "' has no foreach");
  return Expander(workflow, stage).expand(text);
}

}  // namespace cairn
