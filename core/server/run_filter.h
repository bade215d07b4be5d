// Which runs of a list are meant, and where its next page begins. Pure. The command line and the
// API take the same words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine/load.h"
#include "schemas/control.pb.h"

namespace cairn {

// Statuses that are wanted: "failed", "failed,cancelled", or with "!" before it all but these.
class StatusFilter {
 public:
  // Empty text: any. kInvalidArgument: a word that is no status, with the nearest.
  [[nodiscard]] static Result<StatusFilter> parse(const std::string& text);
  // Of tasks, which may be "cached", too: those that succeeded without running.
  [[nodiscard]] static Result<StatusFilter> parse_of_tasks(const std::string& text);
  [[nodiscard]] bool takes(const std::string& status, bool cached = false) const;

 private:
  [[nodiscard]] static Result<StatusFilter> parse(const std::string& text,
                                                  const std::vector<std::string>& known);

  std::vector<std::string> words_;  // empty: any
  bool all_but_ = false;
};

// Whether the text holds the part, whatever the case of their ASCII letters.
[[nodiscard]] bool holds_any_case(std::string_view text, std::string_view part);

struct RunFilter {
  StatusFilter status;
  std::string name;      // empty: any
  std::string workflow;  // its file; empty: any
  std::vector<std::pair<std::string, std::string>> labels;
  std::optional<WallTime> created_after;
  std::optional<WallTime> created_before;
  std::string q;  // part of the name, the id or a label, whatever its case

  // row.status as it is shown.
  [[nodiscard]] bool takes(const RunRow& row) const;
};

// Of the request's filters. kInvalidArgument names the one that is wrong.
[[nodiscard]] Result<RunFilter> read_filter(const v1::ListRequest& request);

// KEY=VALUE.
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_label(const std::string& text);

// A place in a list behind an item, bound to the list's filters: "KEY.HASH". `filters` is any text
// that tells one set of filters from another.
[[nodiscard]] std::string make_cursor(const std::string& key, const std::string& filters);
// kInvalidArgument: it is no cursor, or one of other filters.
[[nodiscard]] Result<std::string> read_cursor(const std::string& cursor,
                                              const std::string& filters);

}  // namespace cairn
