// What the attempts of many tasks logged, as one log in the order of time.
//
// Records are ordered by time, then by task, attempt and place; a cursor is the place of one of
// them, "TIME TASK ATTEMPT OFFSET". Each log is taken to be in order of time, as its process wrote
// it; a record without a time comes with the one beside it. A line that is written while others
// follow and whose time lies before the cursor comes with the next page backwards only.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/server/reading/log_page.h"
#include "core/server/reading/task_folders.h"

namespace cairn {

inline constexpr std::size_t kMostMerged = 2000;  // logs

struct MergedLogRequest {
  fs::path run_folder;              // STORE/runs/RUN
  std::vector<std::string> stages;  // in their order
  TaskChoice choice;
  std::string cursor;  // empty: the beginning, or the end when it goes backwards
  bool backwards = false;
  std::size_t limit = 200;
  LogFilter filter;
  bool searches = false;  // items say in "columns" where the filter's text stands in theirs
  Duration work = kWorkLimit;
};

// {"items":[an item of log_page with "task": its folder's name, "attempt", and "place": the cursor
//  that it is] in the order of time,
//  "previous","next": cursors, empty where nothing was seen and none was given,
//  "at_begin","at_end": whether nothing lies before or behind, as far as this page can tell,
//  "undecided"?,"left_out"?: logs beyond kMostMerged, and such that are links or no files}.
// Whole lines of log.jsonl only: output.log knows no time. Lines that a filter leaves out may make
// a page short. Errors as of log_page.
[[nodiscard]] Result<json::object> merged_log_page(const Clock& clock,
                                                   const MergedLogRequest& request);

}  // namespace cairn
