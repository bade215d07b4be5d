#include "core/workflow/matrix.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/base/text.h"
#include "core/workflow/expand.h"
#include "core/workflow/expression_node.h"

namespace cairn {
namespace {

constexpr const char* kInclude = "include";
constexpr const char* kExclude = "exclude";
constexpr const char* kMaxParallel = "max_parallel";

bool is_reserved(std::string_view name) {
  return name == kInclude || name == kExclude || name == kMaxParallel;
}

// Equal values have equal identities: 1 and 1.0 are equal, 1 and "1" are not.
std::string identity(const json::value& value) {
  if (value.is_number()) return *template_text(value);
  return canonical_json(value);
}

// A value in a label, or nothing where it is too long or would make the label unclear.
std::optional<std::string> short_text(const json::value& value) {
  constexpr std::size_t kLongest = 60;
  std::string text = value.is_null() ? "null" : template_text(value).value_or("");
  const bool clear = std::ranges::none_of(text, [](char c) {
    return c == ',' || c == '#' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (!clear || text.empty() || text.size() > kLongest) return std::nullopt;
  return text;
}

}  // namespace

class MatrixReader {
 public:
  MatrixReader(const Resolver& resolver, Diagnostics& diagnostics, std::vector<std::string>& axes)
      : resolver_(resolver), diagnostics_(diagnostics), names_(axes) {}

  std::optional<Matrix> read(const YamlNode& node) {
    const std::size_t before = diagnostics_.errors();
    if (!node.is_map() || node.entries.empty()) {
      error(node, node.offset,
            "'matrix' must be a map of axes, not " +
                (node.is_map() ? "an empty one" : node.describe()),
            "write for example {size: [1, 2, 3]}");
      return std::nullopt;
    }
    read_axes(node);
    read_max_parallel(node);
    if (names_.empty() && diagnostics_.errors() == before) take_axes_of_include(node);
    if (diagnostics_.errors() > before) return std::nullopt;
    if (!multiply(node)) return std::nullopt;
    if (const YamlEntry* exclude = node.find(kExclude)) read_exclude(exclude->value);
    fill();
    if (const YamlEntry* include = node.find(kInclude)) read_include(include->value);
    if (diagnostics_.errors() > before) return std::nullopt;
    if (matrix_.picks_.empty()) {
      error(node, node.offset, "the matrix makes no task", "'exclude' leaves nothing");
      return std::nullopt;
    }
    return std::move(matrix_);
  }

 private:
  using Known = std::unordered_map<std::string, std::uint32_t>;  // identity to index

  void error(const YamlNode& node, std::size_t offset, std::string message, std::string hint = {}) {
    diagnostics_.error("bad_matrix", *node.source, offset, std::move(message), std::move(hint));
  }

  void read_axes(const YamlNode& node) {
    for (const YamlEntry& entry : node.entries) {
      if (is_reserved(entry.key)) continue;
      if (add_axis(node, entry)) read_values(entry);
    }
  }

  bool add_axis(const YamlNode& map, const YamlEntry& entry) {
    if (!is_name(entry.key) || entry.key.find('-') != std::string::npos || is_reserved(entry.key)) {
      diagnostics_.error("bad_name", *map.source, entry.key_offset,
                         "'" + entry.key + "' is no name for an axis of a matrix",
                         "letters, digits and '_', a letter first");
      return false;
    }
    names_.push_back(entry.key);
    matrix_.axes_.emplace_back();
    known_.emplace_back();
    return true;
  }

  void read_values(const YamlEntry& entry) {
    const auto values = resolver_.value(entry.value);
    if (!values) return;
    if (!values->is_array() || values->as_array().empty()) {
      const bool empty = values->is_array();
      error(
          entry.value, entry.value.offset,
          "the axis '" + entry.key + "' " +
              (empty ? "has no values"
                     : std::string("needs a list of values, not ") + expression_type_name(*values)),
          empty ? "" : "write for example [1, 2, 3] or ${range(10)}");
      return;
    }
    const auto& list = values->as_array();
    if (list.size() > kMaxTasks) return too_many(entry.value);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto [index, fresh] = index_of(names_.size() - 1, list[i]);
      if (fresh) continue;
      const bool at_item = entry.value.is_list() && entry.value.items.size() == list.size();
      const YamlNode& at = at_item ? entry.value.items[i] : entry.value;
      error(at, at.offset,
            "the value " + template_text(list[i]).value_or(json::serialize(list[i])) +
                " stands twice in the axis '" + entry.key + "'");
      return;
    }
  }

  // The place of a value in an axis, to which it is added where it is new.
  std::pair<std::uint32_t, bool> index_of(std::size_t axis, const json::value& value) {
    auto& values = matrix_.axes_[axis].values;
    const auto next = static_cast<std::uint32_t>(values.size());
    const auto [found, fresh] = known_[axis].try_emplace(identity(value), next);
    if (!fresh) return {found->second, false};
    values.push_back(value);
    auto text = short_text(value);
    // 1 and "1" are two values with one text.
    const bool taken = text && value.is_string() && known_[axis].contains(*text);
    const bool taken_by_text =
        text && !value.is_string() && known_[axis].contains(canonical_json(json::string(*text)));
    if (!text || taken || taken_by_text) text = "#" + std::to_string(next);
    matrix_.axes_[axis].labels.push_back(names_[axis] + "=" + *text);
    return {next, true};
  }

  void read_max_parallel(const YamlNode& node) {
    const YamlEntry* entry = node.find(kMaxParallel);
    if (entry == nullptr) return;
    if (auto value =
            resolver_.value(entry->value, find_key(matrix_keys(), kMaxParallel)->decl, true))
      matrix_.max_parallel_ = static_cast<int>(value->as_int64());
  }

  void take_axes_of_include(const YamlNode& node) {
    const YamlEntry* include = node.find(kInclude);
    if (include == nullptr || !include->value.is_list() || include->value.items.empty() ||
        include->value.items[0].entries.empty()) {
      error(node, node.offset, "the matrix has no axis", "write for example {size: [1, 2, 3]}");
      return;
    }
    const YamlNode& first = include->value.items[0];
    for (const YamlEntry& entry : first.entries) (void)add_axis(first, entry);
  }

  void too_many(const YamlNode& node) {
    error(node, node.offset, "the matrix makes more than " + std::to_string(kMaxTasks) + " tasks");
  }

  bool multiply(const YamlNode& node) {
    product_ = matrix_.axes_[0].values.empty() ? 0 : 1;
    for (const auto& axis : matrix_.axes_) {
      counts_.push_back(axis.values.size());
      product_ *= axis.values.size();  // both are at most kMaxTasks
      if (product_ <= kMaxTasks) continue;
      too_many(node);
      return false;
    }
    excluded_.assign(product_, false);
    return true;
  }

  // The value of every named axis of an entry of `include` or `exclude`.
  std::optional<std::vector<std::optional<json::value>>> entry_values(const YamlNode& entry,
                                                                      const char* of) {
    if (!entry.is_map() || entry.entries.empty()) {
      error(entry, entry.offset,
            std::string("an entry of '") + of + "' must be a map of axes, not " +
                (entry.is_map() ? "an empty one" : entry.describe()));
      return std::nullopt;
    }
    std::vector<std::optional<json::value>> values(names_.size());
    bool good = true;
    for (const YamlEntry& member : entry.entries) {
      const auto axis = std::ranges::find(names_, member.key);
      if (axis == names_.end()) {
        std::string hint;
        if (!diagnostics_.full()) hint = did_you_mean(member.key, names_);
        error(entry, member.key_offset, "the matrix has no axis '" + member.key + "'",
              hint.empty() ? "axes: " + listed(names_) : hint);
        good = false;
        continue;
      }
      auto value = resolver_.value(member.value);
      good = good && value;
      if (value) values[static_cast<std::size_t>(axis - names_.begin())] = std::move(*value);
    }
    return good ? std::optional(std::move(values)) : std::nullopt;
  }

  bool is_list(const YamlNode& node, const char* of) {
    if (node.is_list()) return true;
    error(node, node.offset,
          std::string("'") + of + "' must be a list of maps, not " + node.describe());
    return false;
  }

  void read_exclude(const YamlNode& node) {
    if (!is_list(node, kExclude)) return;
    for (const YamlNode& entry : node.items) {
      const auto values = entry_values(entry, kExclude);
      if (!values) continue;
      // A matched value of each axis, or none where the entry leaves the axis out.
      std::vector<std::optional<std::uint32_t>> picks(names_.size());
      bool possible = true;
      for (std::size_t axis = 0; axis < names_.size(); ++axis) {
        if (!(*values)[axis]) continue;
        const auto found = known_[axis].find(identity(*(*values)[axis]));
        possible = possible && found != known_[axis].end();
        if (possible) picks[axis] = found->second;
      }
      if (!possible || product_ == 0) {
        error(entry, entry.offset, "this excludes nothing: the matrix has no such cell");
        continue;
      }
      if (!exclude(picks)) {
        error(entry, entry.offset, "'exclude' matches too many cells",
              "leave values out of the axes instead");
        return;
      }
    }
  }

  // Visits the matched cells only. False where all entries together match too often.
  bool exclude(const std::vector<std::optional<std::uint32_t>>& picks) {
    constexpr std::size_t kMostMatches = 20 * kMaxTasks;
    std::vector<std::size_t> places = {0};
    for (std::size_t axis = 0; axis < picks.size(); ++axis) {
      std::vector<std::size_t> next;
      for (const std::size_t place : places) {
        const std::size_t first = picks[axis] ? *picks[axis] : 0;
        const std::size_t last = picks[axis] ? first + 1 : counts_[axis];
        for (std::size_t pick = first; pick < last; ++pick)
          next.push_back(place * counts_[axis] + pick);
      }
      places = std::move(next);
    }
    for (const std::size_t place : places) excluded_[place] = true;
    return (matches_ += places.size()) <= kMostMatches;
  }

  void fill() {
    std::vector<std::uint32_t> picks(names_.size(), 0);
    matrix_.picks_.reserve(product_ * names_.size());
    for (std::size_t place = 0; place < product_; ++place) {
      if (!excluded_[place])
        matrix_.picks_.insert(matrix_.picks_.end(), picks.begin(), picks.end());
      for (std::size_t axis = picks.size(); axis-- > 0;) {
        if (++picks[axis] < counts_[axis]) break;
        picks[axis] = 0;
      }
    }
  }

  bool in_product(const std::vector<std::uint32_t>& picks) const {
    std::size_t place = 0;
    for (std::size_t axis = 0; axis < picks.size(); ++axis) {
      if (picks[axis] >= counts_[axis]) return false;
      place = place * counts_[axis] + picks[axis];
    }
    return !excluded_[place];
  }

  void read_include(const YamlNode& node) {
    if (!is_list(node, kInclude)) return;
    std::set<std::vector<std::uint32_t>> included;
    for (const YamlNode& entry : node.items) {
      const auto values = entry_values(entry, kInclude);
      if (!values) continue;
      std::vector<std::string> missing;
      for (std::size_t axis = 0; axis < names_.size(); ++axis) {
        if (!(*values)[axis]) missing.push_back(names_[axis]);
      }
      if (!missing.empty()) {
        error(entry, entry.offset, "an entry of 'include' needs a value of every axis",
              "missing: " + join(missing, ", "));
        continue;
      }
      std::vector<std::uint32_t> picks;
      for (std::size_t axis = 0; axis < names_.size(); ++axis)
        picks.push_back(index_of(axis, *(*values)[axis]).first);
      if (in_product(picks) || !included.insert(picks).second) {
        error(entry, entry.offset, "the matrix has this cell already");
        continue;
      }
      matrix_.picks_.insert(matrix_.picks_.end(), picks.begin(), picks.end());
    }
    if (matrix_.size() > kMaxTasks) too_many(node);
  }

  const Resolver& resolver_;
  Diagnostics& diagnostics_;
  std::vector<std::string>& names_;
  std::vector<Known> known_;  // by axis
  std::vector<std::size_t> counts_;
  std::size_t product_ = 0;
  std::size_t matches_ = 0;
  std::vector<bool> excluded_;
  Matrix matrix_;
};

std::optional<Matrix> Matrix::read(const YamlNode& node, const Resolver& resolver,
                                   Diagnostics& diagnostics, std::vector<std::string>& axes) {
  return MatrixReader(resolver, diagnostics, axes).read(node);
}

std::string Matrix::label(std::size_t cell) const {
  std::string text;
  for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
    if (axis > 0) text += ",";
    text += axes_[axis].labels[picks_[cell * axes_.size() + axis]];
  }
  return text;
}

void Matrix::select(std::size_t cell, CellScope& scope) const {
  scope.values.resize(axes_.size());
  for (std::size_t axis = 0; axis < axes_.size(); ++axis)
    scope.values[axis] = &axes_[axis].values[picks_[cell * axes_.size() + axis]];
}

void Matrix::keep(const std::vector<bool>& kept) {
  std::vector<std::uint32_t> picks;
  for (std::size_t cell = 0; cell < kept.size(); ++cell) {
    if (!kept[cell]) continue;
    const auto* first = &picks_[cell * axes_.size()];
    picks.insert(picks.end(), first, first + axes_.size());
  }
  picks_ = std::move(picks);
}

}  // namespace cairn
