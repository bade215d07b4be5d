#include "core/workflow/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "core/base/text.h"

namespace cairn {
namespace {

// Leaves yaml-cpp's parser after a diagnostic was added; caught in parse_yaml.
struct Stop {};

struct TreeSize {
  std::size_t nodes = 1;
  std::size_t height = 0;  // levels of collections
};

TreeSize measure(const YamlNode& node) {
  TreeSize size;
  const auto add = [&](const YamlNode& child) {
    const TreeSize below = measure(child);
    size.nodes += below.nodes;
    size.height = std::max(size.height, below.height);
  };
  for (const auto& item : node.items) add(item);
  for (const auto& entry : node.entries) add(entry.value);
  if (!node.is_scalar()) ++size.height;
  return size;
}

// Builds the tree from events with a stack of open collections, so that limits hold before
// anything is built.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(SourcePtr source, Diagnostics& diagnostics, const YamlLimits& limits)
      : source_(std::move(source)), diagnostics_(diagnostics), limits_(limits) {}

  std::optional<YamlNode> take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0)
      stop("documents", offset_of(mark), "a second document starts here",
           "a file holds one workflow: remove the '---' line");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // An empty value stands nowhere: the mark is that of what follows it.
    std::size_t offset = offset_of(mark);
    if (!open_.empty() && open_.back().key) {
      const std::string_view rest = std::string_view(source_->text).substr(offset);
      if (!rest.starts_with("~") && !rest.starts_with("null") && !rest.starts_with("Null") &&
          !rest.starts_with("NULL"))
        offset = open_.back().key_offset;
    }
    YamlNode node = make_node(YamlNode::Kind::kScalar, offset);
    finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t offset = offset_of(mark);
    if (++aliases_ > limits_.aliases)
      stop("too_many_aliases", offset, "more than " + std::to_string(limits_.aliases) + " aliases");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      stop("alias_cycle", offset, "this alias stands inside of what it refers to");
    if (open_.size() + found->second.size.height > limits_.depth) stop_too_deep(offset);
    count(offset, found->second.size.nodes);
    add(found->second.node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = make_node(YamlNode::Kind::kScalar, offset_of(mark));
    node.text = value;
    if (tag == "?")
      node.scalar = resolve_plain_scalar(value);
    else
      node.scalar = json::string(value);
    check_tag(tag, node.offset);
    check_closed(node.offset);
    finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    start(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    start(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

  [[noreturn]] void stop(const char* code, std::size_t offset, std::string message,
                         std::string hint = {}) {
    diagnostics_.error(code, *source_, offset, std::move(message), std::move(hint));
    throw Stop{};
  }

  std::size_t offset_of(const YAML::Mark& mark) const {
    const auto line = static_cast<std::size_t>(std::max(mark.line, 0));
    if (line >= source_->line_starts.size()) return source_->text.size();
    return std::min(source_->line_starts[line] + static_cast<std::size_t>(std::max(mark.column, 0)),
                    source_->text.size());
  }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> key;  // of a map, waiting for its value
    std::size_t key_offset = 0;
    bool duplicate = false;
    std::unordered_map<std::string, std::size_t> seen;  // keys and their offsets
  };
  struct Anchored {
    YamlNode node;
    TreeSize size;
  };

  YamlNode make_node(YamlNode::Kind kind, std::size_t offset) {
    count(offset);
    YamlNode node;
    node.kind = kind;
    node.source = source_;
    node.offset = offset;
    return node;
  }

  [[noreturn]] void stop_too_deep(std::size_t offset) {
    stop("too_deep", offset,
         "nested too deep: more than " + std::to_string(limits_.depth) + " levels");
  }

  void count(std::size_t offset, std::size_t nodes = 1) {
    nodes_ += nodes;
    if (nodes_ > limits_.nodes)
      stop("too_many_nodes", offset,
           "the file has more than " + std::to_string(limits_.nodes) + " values",
           "aliases count as what they stand for");
  }

  // yaml-cpp takes quotes that the end of the file closes.
  void check_closed(std::size_t offset) {
    const std::string& text = source_->text;
    const char quote = offset < text.size() ? text[offset] : '\0';
    if (quote != '"' && quote != '\'') return;
    std::size_t at = offset + 1;
    while (at < text.size() && text[at] != quote) at += quote == '"' && text[at] == '\\' ? 2 : 1;
    if (at >= text.size()) stop("yaml_syntax", offset, "the quotes are never closed");
  }

  void check_tag(const std::string& tag, std::size_t offset) {
    if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str" ||
        tag == "tag:yaml.org,2002:map" || tag == "tag:yaml.org,2002:seq")
      return;
    diagnostics_.error("tag", *source_, offset,
                       "the tag '" + printable(tag) + "' has no meaning here");
  }

  void start(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
             YAML::anchor_t anchor) {
    const std::size_t offset = offset_of(mark);
    if (open_.size() >= limits_.depth) stop_too_deep(offset);
    check_tag(tag, offset);
    Open open;
    open.node = make_node(kind, offset);
    open.anchor = anchor;
    open_.push_back(std::move(open));
  }

  void end() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    finish(std::move(closed.node), closed.anchor);
  }

  void finish(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) {  // the kept copy counts as well
      const TreeSize size = measure(node);
      count(node.offset, size.nodes);
      anchors_[anchor] = {node, size};
    }
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_list()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      take_key(parent, node);
    } else {
      if (!parent.duplicate)
        parent.node.entries.push_back({std::move(*parent.key), parent.key_offset, std::move(node)});
      parent.key.reset();
    }
  }

  void take_key(Open& parent, const YamlNode& node) {
    parent.key_offset = node.offset;
    parent.duplicate = false;
    if (!node.is_scalar()) {
      diagnostics_.error("bad_key", *source_, node.offset,
                         "a key must be a text, not " + node.describe());
      parent.key = "";
      parent.duplicate = true;
      return;
    }
    parent.key = node.is_null() ? "null" : node.text;
    const auto [first, fresh] = parent.seen.try_emplace(*parent.key, node.offset);
    if (!fresh) {
      parent.duplicate = true;
      diagnostics_.error(
          "duplicate_key", *source_, node.offset, "'" + *parent.key + "' stands here twice",
          "the first is in line " + std::to_string(source_->where(first->second).line));
    }
  }

  SourcePtr source_;
  Diagnostics& diagnostics_;
  YamlLimits limits_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::optional<YamlNode> root_;
  std::size_t nodes_ = 0;
  std::size_t aliases_ = 0;
  int documents_ = 0;
};

template <typename Number>
std::optional<Number> whole_number(std::string_view text, int base) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || rest != end || text.empty()) return std::nullopt;
  return value;
}

bool looks_like_float(std::string_view text) {
  bool digit = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9')
      digit = true;
    else if (c == '.' || ((c == 'e' || c == 'E') && digit) || ((c == '-' || c == '+') && i > 0))
      continue;
    else
      return false;
  }
  return digit;
}

std::optional<json::value> number_of(std::string_view text) {
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits.front() == '-' || digits.front() == '+') return std::nullopt;
  const int base = digits.starts_with("0x") ? 16 : digits.starts_with("0o") ? 8 : 10;
  if (base != 10) digits.remove_prefix(2);
  if (!digits.starts_with('-')) {
    if (auto value = whole_number<std::uint64_t>(digits, base)) {
      const auto limit = std::uint64_t{INT64_MAX} + (negative ? 1 : 0);
      if (*value <= limit)
        return json::value(static_cast<std::int64_t>(negative ? 0 - *value : *value));
      if (!negative) return json::value(*value);
    }
  }
  if (base != 10 || !looks_like_float(digits)) return std::nullopt;
  double value = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return json::value(negative ? -value : value);
}

// yaml-cpp's messages speak of its scanner; the commonest are said in our words.
std::string syntax_message(const std::string& message) {
  static const std::map<std::string, std::string> kPlain = {
      {"end of map not found", "the map ends where it should go on: check the indentation"},
      {"end of sequence not found", "the list ends where it should go on: check the indentation"},
      {"end of map flow not found", "'}' is missing"},
      {"end of sequence flow not found", "']' is missing"},
      {"illegal map value", "a ':' is not possible here"},
      {"illegal EOF in scalar", "the quotes are never closed"},
      {"illegal end of line in scalar", "the quotes are not closed in this line"},
  };
  const auto found = kPlain.find(message);
  return found == kPlain.end() ? "not valid YAML: " + message : found->second;
}

}  // namespace

const YamlEntry* YamlNode::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &YamlEntry::key);
  return found == entries.end() ? nullptr : &*found;
}

json::value YamlNode::to_json() const {
  if (is_scalar()) return scalar;
  if (is_list()) {
    json::array list;
    for (const auto& item : items) list.push_back(item.to_json());
    return list;
  }
  json::object object;
  for (const auto& entry : entries) object[entry.key] = entry.value.to_json();
  return object;
}

std::string YamlNode::describe() const {
  if (is_list()) return "a list";
  if (is_map()) return "a map";
  if (scalar.is_null()) return "nothing";
  if (!scalar.is_string()) return text;
  constexpr std::size_t kShown = 60;
  const std::string shown = printable(text.substr(0, text.find('\n')));
  return "\"" + (shown.size() > kShown ? shown.substr(0, kShown) + "…" : shown) + "\"";
}

json::value resolve_plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (auto number = number_of(text)) return *number;
  return json::string(text);
}

std::optional<YamlNode> parse_yaml(const SourcePtr& source, Diagnostics& diagnostics,
                                   const YamlLimits& limits) {
  TreeBuilder builder(source, diagnostics, limits);
  try {
    std::istringstream stream(source->text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    diagnostics.error("yaml_syntax", *source, builder.offset_of(error.mark),
                      syntax_message(error.msg));
    return std::nullopt;
  }
  auto root = builder.take();
  if (!root || root->is_null()) {
    diagnostics.error("empty", *source, 0, "the file holds nothing but comments");
    return std::nullopt;
  }
  return root;
}

}  // namespace cairn
