#include "plugins/corpus/expression.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/base/text.h"

namespace cairn::corpus {
namespace {

const std::vector<std::string> kSteps = {"before",   "prefix",    "sentence",
                                         "upstream", "person",    "dependency",
                                         "latitude", "longitude", "map"};

std::string before(std::string_view value, std::string_view mark) {
  if (mark == "space") mark = " ";
  return std::string(trim(value.substr(0, value.find(mark))));
}

// 0 for what is no whole number.
std::size_t prefix_length(std::string_view argument) {
  std::size_t length = 0;
  std::from_chars(argument.data(), argument.data() + argument.size(), length);
  return length;
}

std::string sentence(std::string_view value) {
  std::string out(value);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (!out.empty()) out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

std::string upstream(std::string_view version) {
  if (const auto colon = version.find(':'); colon != version.npos) {
    version.remove_prefix(colon + 1);
  }
  return std::string(version.substr(0, version.rfind('-')));
}

std::string dependency(std::string_view list, std::string_view unwanted_names) {
  const auto unwanted = split(unwanted_names, ' ');
  for (const std::string_view item : split(list, ',')) {
    const std::string_view trimmed = trim(item);
    const std::string_view name = trimmed.substr(0, trimmed.find_first_of(" (|:["));
    if (name.empty() || std::find(unwanted.begin(), unwanted.end(), name) != unwanted.end()) {
      continue;
    }
    return std::string(name);
  }
  return {};
}

// "+5955" with 2 digits of degrees, "-01045" with 3.
std::string degrees(std::string_view half, std::size_t digits, const char* positive,
                    const char* negative) {
  if (half.size() < digits + 3) return {};
  std::string_view number = half.substr(1, digits);
  if (!std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return {};
  }
  while (number.size() > 1 && number.front() == '0') number.remove_prefix(1);
  return std::string(number) + " " + (half.front() == '-' ? negative : positive);
}

std::string coordinate(std::string_view value, bool latitude) {
  const std::size_t second = value.find_first_of("+-", 1);
  if (second == value.npos || (value.front() != '+' && value.front() != '-')) return {};
  return latitude ? degrees(value.substr(0, second), 2, "N", "S")
                  : degrees(value.substr(second), 3, "E", "W");
}

std::string mapped(std::string_view value, std::string_view pairs) {
  for (const std::string_view pair : split(pairs, ',')) {
    const std::size_t equal = pair.find('=');
    if (pair.substr(0, equal) == value) return std::string(pair.substr(equal + 1));
  }
  return {};
}

std::string apply(std::string_view name, std::string_view argument, const std::string& value) {
  if (name == "before") return before(value, argument);
  if (name == "prefix") return value.substr(0, prefix_length(argument));
  if (name == "sentence") return sentence(value);
  if (name == "upstream") return upstream(value);
  if (name == "person") return before(value, "<");
  if (name == "dependency") return dependency(value, argument);
  if (name == "map") return mapped(value, argument);
  return coordinate(value, name == "latitude");
}

}  // namespace

Result<Expression> Expression::parse(std::string_view text) {
  Expression expression;
  const auto parts = split(text, '|');
  std::string_view fields = parts.front();
  for (std::size_t at = 0; at != fields.npos;) {
    const std::size_t next = fields.find(" or ", at);
    const std::string_view field = trim(fields.substr(at, next == fields.npos ? next : next - at));
    if (field.empty()) {
      return invalid_argument("'" + std::string(text) + "' names no field",
                              "write FIELD [or FIELD]... [| STEP]...");
    }
    expression.fields_.emplace_back(field);
    at = next == fields.npos ? next : next + 4;
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view step = trim(parts[i]);
    const std::size_t space = step.find(' ');
    std::string name(step.substr(0, space));
    std::string argument(space == step.npos ? std::string_view() : trim(step.substr(space)));
    if (std::find(kSteps.begin(), kSteps.end(), name) == kSteps.end()) {
      return invalid_argument("'" + name + "' in '" + std::string(text) + "' is no step",
                              "steps are: " + join(kSteps, ", "));
    }
    const bool needs_argument = name == "before" || name == "map" || name == "prefix";
    const bool lacks = argument.empty() || (name == "prefix" && prefix_length(argument) == 0);
    if (needs_argument && lacks) {
      return invalid_argument("step '" + name + "' in '" + std::string(text) +
                              "' lacks a fitting argument");
    }
    expression.steps_.push_back({std::move(name), std::move(argument)});
  }
  return expression;
}

std::string Expression::evaluate(const RawRecord& record) const {
  std::string value;
  for (const std::string& field : fields_) {
    const auto found = record.find(field);
    if (found == record.end()) continue;
    value = trim(found->second);
    if (!value.empty()) break;
  }
  for (const Step& step : steps_) {
    if (value.empty()) break;
    value = apply(step.name, step.argument, value);
  }
  return value;
}

}  // namespace cairn::corpus
