// How a run is shown while it goes on: on a terminal a bar for each running stage below the lines
// of those that ended; elsewhere one line for each change.
//
// Fed with `get` documents; knows no clock of its own: durations come from the documents.
#pragma once

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/cli/cli.h"

namespace cairn {

class RunDisplay {
 public:
  enum class Mode { kSilent, kLines, kBars };
  // columns: width of the terminal, for kBars.
  RunDisplay(std::ostream& err, Mode mode, int columns)
      : err_(err), mode_(mode), columns_(columns) {}

  // Prints what changed since the last document.
  void update(const json::object& run);
  // Takes the bars away; called before anything else is printed.
  void clear();

 private:
  void announce(const json::object& stage);
  [[nodiscard]] std::string bar_line(const json::object& stage, std::size_t name_width) const;

  std::ostream& err_;
  Mode mode_;
  int columns_;
  std::map<std::string, std::string> shown_;  // stage -> last status told
  std::size_t bar_lines_ = 0;
};

// On stderr, as the options and the terminal ask for.
[[nodiscard]] RunDisplay make_display(const Cli& cli);

}  // namespace cairn
