// RunRows: the list of runs in memory, kept up to date by what the scheduler tells, so that a page
// of it costs no journal however many runs there were.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/engine/load.h"
#include "core/server/api/replicas.h"
#include "core/server/run_filter.h"

namespace cairn::api {

// Thread-safe; some 300 bytes for each run, and 80 for each number of its outcome.
class RunRows {
 public:
  RunRows(const RunStore& store, Replicas& replicas) : store_(store), replicas_(replicas) {}

  // Something of the run was journaled.
  void note(const std::string& run);
  void erase(const std::string& run);

  struct Page {
    std::vector<RunRow> rows;  // newest first, each with the status that is shown
    bool more = false;
  };
  // Runs with an id below `before`; empty: all.
  [[nodiscard]] Result<Page> page(const RunFilter& filter, std::size_t limit,
                                  const std::string& before);
  // Those of the runs that are there.
  [[nodiscard]] Result<std::vector<RunRow>> rows(const std::set<std::string>& runs);
  // As resolve_run of core/engine/load.h.
  [[nodiscard]] Result<std::string> resolve(const std::string& text);
  // The newest older run of the same name; empty: there is none.
  [[nodiscard]] Result<std::string> find_earlier(const std::string& run);

 private:
  // Reads what has changed; with the lock held.
  [[nodiscard]] Result<void> refresh();

  const RunStore& store_;
  Replicas& replicas_;
  std::mutex mutex_;  // of rows_ and loaded_
  std::map<std::string, RunRow> rows_;
  bool loaded_ = false;
  std::mutex changed_mutex_;  // never held while anything else is asked
  std::set<std::string> changed_;
};

}  // namespace cairn::api
