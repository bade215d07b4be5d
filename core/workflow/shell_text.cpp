#include "core/workflow/shell_text.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "core/base/text.h"
#include "core/workflow/template.h"

namespace cairn {
namespace {

constexpr const char* kSingle = "inside single quotes";
constexpr const char* kEscaped = "after a backslash";
constexpr const char* kDocument = "in a here-document with a quoted delimiter";

// Follows a script byte by byte, as far as quoting goes.
class QuoteScanner {
 public:
  explicit QuoteScanner(std::string_view script) : script_(script) {}

  const char* state_at(std::size_t offset) {
    while (at_ < offset && at_ < script_.size()) step();
    if (in_document_) return document_quoted_ ? kDocument : escaped_ ? kEscaped : nullptr;
    return contexts_.back() == '\'' ? kSingle : escaped_ ? kEscaped : nullptr;
  }

 private:
  struct Document {
    std::string delimiter;
    bool quoted = false;
    bool tabs = false;  // <<-
  };

  void step() {
    const char c = script_[at_];
    if (in_document_) return document_step();
    ++at_;
    if (escaped_) {
      escaped_ = false;
      return;
    }
    char& context = contexts_.back();
    if (context == '\'') {
      if (c == '\'') contexts_.pop_back();
    } else if (context == '#') {
      if (c == '\n') contexts_.pop_back(), newline();
    } else if (c == '\\') {
      escaped_ = true;
    } else if (context == '"' && c == '"') {
      contexts_.pop_back();
    } else if (c == '"') {
      contexts_.push_back('"');
    } else if (script_.substr(at_ - 1).starts_with("$(")) {
      contexts_.push_back('(');
      ++at_;
    } else if (context != '"') {
      code_step(c);
    }
  }

  // Outside of quotes.
  void code_step(char c) {
    if (c == '\'') {
      contexts_.push_back('\'');
    } else if (c == '(') {
      contexts_.push_back('(');
    } else if (c == ')' && contexts_.size() > 1) {
      contexts_.pop_back();
    } else if (c == '#' && (at_ == 1 || is_separator(script_[at_ - 2]))) {
      contexts_.push_back('#');
    } else if (c == '<' && script_.substr(at_).starts_with("<")) {
      here_document();
    } else if (c == '\n') {
      newline();
    }
  }

  static bool is_separator(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == ';' || c == '&' || c == '|' || c == '(';
  }

  // at_ is at the second '<'.
  void here_document() {
    ++at_;
    Document document;
    if (script_.substr(at_).starts_with("<")) return;  // no here-document in POSIX sh
    if (script_.substr(at_).starts_with("-")) document.tabs = true, ++at_;
    while (at_ < script_.size() && (script_[at_] == ' ' || script_[at_] == '\t')) ++at_;
    while (at_ < script_.size() && !is_separator(script_[at_]) && script_[at_] != '>') {
      const char c = script_[at_++];
      if (c == '\'' || c == '"' || c == '\\')
        document.quoted = true;
      else
        document.delimiter += c;
    }
    if (!document.delimiter.empty()) pending_.push_back(std::move(document));
  }

  void newline() {
    if (!pending_.empty()) begin_document();
  }
  void begin_document() {
    in_document_ = true;
    document_quoted_ = pending_.front().quoted;
    line_start_ = true;
  }

  void document_step() {
    if (line_start_) {
      std::string_view line = script_.substr(at_, script_.substr(at_).find('\n'));
      const std::size_t length = line.size();
      if (pending_.front().tabs) line.remove_prefix(std::min(line.find_first_not_of('\t'), length));
      if (line == pending_.front().delimiter) {
        at_ = std::min(at_ + length + 1, script_.size());
        pending_.pop_front();
        in_document_ = false;
        escaped_ = false;
        newline();
        return;
      }
    }
    const char c = script_[at_++];
    line_start_ = c == '\n';
    escaped_ = c == '\\' && !escaped_ && !document_quoted_;
  }

  std::string_view script_;
  std::size_t at_ = 0;
  std::vector<char> contexts_ = {' '};  // ' ' code, '\'' '"' quotes, '(' substitution, '#' comment
  bool escaped_ = false;
  std::deque<Document> pending_;
  bool in_document_ = false;
  bool document_quoted_ = false;
  bool line_start_ = false;
};

// "params.rate" is CAIRN_VALUE_PARAMS_RATE, so that whoever reads of a change knows of what.
std::string variable_name(std::string_view expression, std::set<std::string>& taken) {
  constexpr std::size_t kMost = 48;
  std::string name = "CAIRN_VALUE";
  bool joined = false;
  for (const char c : expression) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain && name.size() < kMost) {
      if (!std::exchange(joined, true)) name += '_';
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    joined = joined && plain;
  }
  std::string unique = name;
  for (int i = 2; !taken.insert(unique).second; ++i) unique = name + "_" + std::to_string(i);
  return unique;
}

}  // namespace

const char* shell_quoting(std::string_view script, std::size_t offset) {
  return QuoteScanner(script).state_at(offset);
}

std::optional<json::value> shell_value(const CompiledValue& variable, const Resolver& resolver) {
  auto value = resolver.value(variable);
  if (!value || is_secret(*value)) return value;
  if (auto text = template_text(*value)) return json::value(json::string(*text));
  resolver.report(*variable.node,
                  {variable.offset, "a list, a map or null cannot be the value of a shell variable",
                   "join(LIST, ' ') makes a text of a list"});
  return std::nullopt;
}

std::optional<ShellText> shell_text(const YamlNode& run, const Resolver& resolver,
                                    Diagnostics& diagnostics, bool run_id) {
  const auto parsed = resolver.parse(run);
  if (!parsed) return std::nullopt;
  ShellText result;
  std::map<std::string, std::string> names;  // expression to variable
  std::set<std::string> taken;
  bool good = true;
  // The scanner reads what the shell will read, with variables in place of the expressions.
  for (const auto& part : parsed->parts) {
    if (const auto* literal = std::get_if<std::string>(&part)) {
      result.run += *literal;
      continue;
    }
    const auto& expression = std::get<TemplateExpression>(part);
    if (const char* quoting = shell_quoting(result.run, result.run.size())) {
      diagnostics.error("quoted_expression", *run.source, source_offset(run, expression.offset),
                        std::string("an expression ") + quoting + " would not be replaced",
                        "it becomes a shell variable: use double quotes");
      good = false;
    }
    if (run_id && trim(expression.text) == "run.id") {
      result.run += "${CAIRN_RUN_ID}";
      continue;
    }
    const auto [name, fresh] = names.try_emplace(std::string(trim(expression.text)));
    if (fresh) name->second = variable_name(name->first, taken);
    CompiledValue value = resolver.compile(run, expression);
    good = good && !value.broken && (value.varies || shell_value(value, resolver));
    if (fresh) result.variables.push_back({name->second, name->first, std::move(value)});
    result.run += "${" + name->second + "}";
  }
  return good ? std::optional<ShellText>(std::move(result)) : std::nullopt;
}

}  // namespace cairn
