#include "core/server/run_filter.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/base/digest.h"
#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::array kStatuses = {"pending", "running",   "paused",  "waiting",    "succeeded",
                                  "failed",  "cancelled", "skipped", "interrupted"};
constexpr const char* kCached = "cached";
constexpr std::size_t kHashDigits = 16;

bool same_letter(char one, char other) {
  return std::tolower(static_cast<unsigned char>(one)) ==
         std::tolower(static_cast<unsigned char>(other));
}

std::string hash_of(const std::string& filters) {
  Hasher hasher;
  hasher.update(filters);
  const std::string digest = hasher.finish();
  return digest.substr(digest.size() - kHashDigits);
}

}  // namespace

bool holds_any_case(std::string_view text, std::string_view part) {
  return !std::ranges::search(text, part, same_letter).empty();
}

Result<StatusFilter> StatusFilter::parse(const std::string& text) {
  return parse(text, {kStatuses.begin(), kStatuses.end()});
}

Result<StatusFilter> StatusFilter::parse_of_tasks(const std::string& text) {
  std::vector<std::string> known(kStatuses.begin(), kStatuses.end());
  known.emplace_back(kCached);
  return parse(text, known);
}

Result<StatusFilter> StatusFilter::parse(const std::string& text,
                                         const std::vector<std::string>& known) {
  StatusFilter filter;
  std::string_view rest = text;
  if (rest.empty()) return filter;
  if (rest.front() == '!') {
    filter.all_but_ = true;
    rest.remove_prefix(1);
  }
  for (const std::string_view word : split(rest, ',')) {
    if (std::ranges::find(known, word) == known.end()) {
      const auto near = nearest_word(word, known);
      return invalid_argument(
          "'" + printable(word) + "' is no status",
          near ? "did you mean '" + *near + "'?" : "it is one of " + join(known, ", "));
    }
    filter.words_.emplace_back(word);
  }
  return filter;
}

bool StatusFilter::takes(const std::string& status, bool cached) const {
  if (words_.empty()) return true;
  const bool named = std::ranges::any_of(words_, [&](const std::string& word) {
    return word == status || (cached && word == kCached);
  });
  return named != all_but_;
}

bool RunFilter::takes(const RunRow& row) const {
  if (!status.takes(row.status)) return false;
  if (!name.empty() && row.name != name) return false;
  if (!workflow.empty() && row.workflow != workflow) return false;
  if (created_after && row.created_at <= *created_after) return false;
  if (created_before && row.created_at >= *created_before) return false;
  for (const auto& [key, value] : labels) {
    const auto found = row.labels.find(key);
    if (found == row.labels.end() || found->second != value) return false;
  }
  if (q.empty() || holds_any_case(row.name, q) || holds_any_case(row.id, q)) return true;
  return std::ranges::any_of(row.labels, [&](const auto& label) {
    return holds_any_case(label.first + "=" + label.second, q);
  });
}

Result<RunFilter> read_filter(const v1::ListRequest& request) {
  RunFilter filter;
  CAIRN_ASSIGN(filter.status, StatusFilter::parse(request.status()));
  filter.name = request.name();
  filter.workflow = request.workflow();
  filter.q = request.q();
  for (const std::string& label : request.label()) {
    CAIRN_ASSIGN(auto parsed, parse_label(label));
    filter.labels.push_back(std::move(parsed));
  }
  const auto read_time = [](const std::string& text,
                            std::optional<WallTime>& time) -> Result<void> {
    if (text.empty()) return {};
    CAIRN_ASSIGN(time, parse_rfc3339(text));
    return {};
  };
  CAIRN_TRY(read_time(request.created_after(), filter.created_after));
  CAIRN_TRY(read_time(request.created_before(), filter.created_before));
  return filter;
}

Result<std::pair<std::string, std::string>> parse_label(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return invalid_argument("'" + printable(text) + "' is no label", "write KEY=VALUE");
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

std::string make_cursor(const std::string& key, const std::string& filters) {
  return key + "." + hash_of(filters);
}

Result<std::string> read_cursor(const std::string& cursor, const std::string& filters) {
  const std::size_t dot = cursor.rfind('.');
  if (dot == std::string::npos || dot == 0)
    return invalid_argument("'" + printable(cursor) + "' is no cursor",
                            "leave it out, and begin with the first page");
  if (cursor.substr(dot + 1) != hash_of(filters))
    return invalid_argument("the cursor belongs to a list with other filters",
                            "leave it out, and begin with the first page");
  return cursor.substr(0, dot);
}

}  // namespace cairn
