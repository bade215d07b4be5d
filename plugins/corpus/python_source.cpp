#include "plugins/corpus/python_source.h"

#include <algorithm>

#include "core/base/text.h"

namespace cairn::corpus {
namespace {

constexpr std::string_view kWord =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

std::string_view word_at(std::string_view text, std::size_t at) {
  const std::size_t end = text.find_first_not_of(kWord, at);
  return text.substr(at, end == text.npos ? end : end - at);
}

// Whether each line begins inside a triple-quoted string.
std::vector<bool> inside_strings(const std::vector<std::string_view>& lines) {
  std::vector<bool> inside;
  std::string_view open;  // the quotes that will end the string
  for (const std::string_view line : lines) {
    inside.push_back(!open.empty());
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string_view three = line.substr(i, 3);
      if (!open.empty()) {
        if (line[i] == '\\') {
          ++i;
        } else if (three == open) {
          open = {};
          i += 2;
        }
      } else if (line[i] == '#') {
        break;
      } else if (three == "\"\"\"" || three == "'''") {
        open = three;
        i += 2;
      } else if (line[i] == '"' || line[i] == '\'') {
        const char quote = line[i];
        for (++i; i < line.size() && line[i] != quote; ++i) i += line[i] == '\\' ? 1 : 0;
      }
    }
  }
  return inside;
}

// From '(' to its ')', over as many lines as it takes, comments left out; "" when it never ends.
std::string bracketed(const std::vector<std::string_view>& lines, std::size_t at,
                      std::size_t column) {
  std::string text;
  int depth = 0;
  char quote = 0;
  for (std::size_t n = at; n < lines.size() && n < at + 60; ++n) {
    const std::string_view line = lines[n].substr(n == at ? column : 0);
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '#') {
        break;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '(' || c == '[' || c == '{') {
        if (depth++ == 0) continue;
      } else if ((c == ')' || c == ']' || c == '}') && --depth == 0) {
        return text + ",";
      }
      text += c;
    }
    text += ' ';
  }
  return {};
}

// Items between commas of the outermost level.
std::vector<std::string> items(const std::string& text) {
  std::vector<std::string> out;
  std::string item;
  int depth = 0;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      if (!trim(item).empty()) out.emplace_back(trim(item));
      item.clear();
      continue;
    }
    item += c;
  }
  return out;
}

std::vector<std::string> argument_names(const std::string& text) {
  std::vector<std::string> names;
  for (const std::string& item : items(text)) {
    const std::string name(trim(std::string_view(item).substr(0, item.find_first_of(":="))));
    if (name != "*" && name != "/") names.push_back(name);
  }
  return names;
}

void add_imports(std::string_view line, std::vector<std::string>& imports) {
  const bool from = line.starts_with("from ");
  if (!from && !line.starts_with("import ")) return;
  const std::string_view rest = line.substr(from ? 5 : 7);
  for (const std::string_view part : split(from ? rest.substr(0, rest.find(' ')) : rest, ',')) {
    const std::string name(word_at(trim(part), 0));
    const bool known = std::find(imports.begin(), imports.end(), name) != imports.end();
    if (!name.empty() && !known) imports.push_back(name);
  }
}

// Lines from `at` to the last one that is indented, skipping blank lines, comments, strings and
// the closing bracket of a signature.
std::size_t body_lines(const std::vector<std::string_view>& lines, const std::vector<bool>& inside,
                       std::size_t at) {
  std::size_t last = at;
  for (std::size_t n = at + 1; n < lines.size(); ++n) {
    if (trim(lines[n]).empty()) continue;
    const char first = lines[n].front();
    const bool belongs = inside[n] || first == ' ' || first == '\t' || first == ')';
    if (!belongs && first == '#') continue;
    if (!belongs) break;
    last = n;
  }
  return last - at + 1;
}

}  // namespace

PythonModule parse_python(std::string_view source) {
  const auto lines = split(source, '\n');
  const auto inside = inside_strings(lines);
  PythonModule module;
  module.lines = static_cast<std::size_t>(std::count(source.begin(), source.end(), '\n'));
  for (std::size_t n = 0; n < lines.size(); ++n) {
    if (inside[n]) continue;
    std::string_view line = lines[n];
    add_imports(line, module.imports);
    const std::size_t prefix = line.starts_with("async def ") ? 6 : 0;
    if (line.substr(prefix).starts_with("def ")) {
      const std::size_t open = line.find('(');
      if (open == line.npos) continue;
      module.functions.push_back({std::string(word_at(line, prefix + 4)),
                                  argument_names(bracketed(lines, n, open)),
                                  body_lines(lines, inside, n)});
    } else if (line.starts_with("class ")) {
      PythonClass found{std::string(word_at(line, 6)), {}, 0, body_lines(lines, inside, n)};
      if (const std::size_t open = line.find('('); open != line.npos) {
        const auto bases = items(bracketed(lines, n, open));
        if (!bases.empty() && bases.front().find('=') == std::string::npos) {
          found.base = bases.front();
        }
      }
      for (std::size_t k = n + 1; k < n + found.lines; ++k) {
        const bool method =
            lines[k].starts_with("    def ") || lines[k].starts_with("    async def ");
        if (method && !inside[k]) ++found.methods;
      }
      module.classes.push_back(std::move(found));
    }
  }
  return module;
}

}  // namespace cairn::corpus
