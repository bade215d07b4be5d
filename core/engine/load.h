// Runs read back from a store, and how people name them.
#pragma once

#include "core/engine/state.h"
#include "core/store/run_store.h"

namespace cairn {

// A record as it lies in the journal: CRC-32 of the rest (4 bytes, little endian), then the Event.
[[nodiscard]] std::string encode_event(const Event& event);
// What a record says to a run in this state: one event, or what an older format's says today.
// kCorrupt: checksum or message is wrong. kInvalidArgument: a newer format.
[[nodiscard]] Result<std::vector<Event>> decode_record(std::string_view bytes,
                                                       const RunState& state);

// A checksum before the payload, and the payload behind a checksum that matches it; kCorrupt where
// it does not.
[[nodiscard]] std::string with_checksum(std::string_view payload);
[[nodiscard]] Result<std::string_view> without_checksum(std::string_view bytes);

// The fold of the run's journal, from its snapshot on where there is one. A record that cannot be
// read quarantines the run: the state is that of the records before it, failed, with `quarantined`
// set. kNotFound: no such run.
[[nodiscard]] Result<RunState> load_run(const RunStore& store, const std::string& run);

// What was journaled since, folded into the state that load_run gave; a record that cannot be read
// quarantines it. kNotFound: the run was deleted.
[[nodiscard]] Result<void> follow_run(const RunStore& store, RunState& state);

// As load_run, from the journal alone; kCorrupt where the snapshot says something else.
[[nodiscard]] Result<RunState> load_run_and_compare(const RunStore& store, const std::string& run);

// Calls back with every event above `after`, in order, and the state after it, until the callback
// returns false or a record cannot be read.
using OnJournalEvent =
    std::function<bool(std::uint64_t sequence, const Event& event, const RunState& state)>;
[[nodiscard]] Result<void> replay_run(const RunStore& store, const std::string& run,
                                      std::uint64_t after, const OnJournalEvent& on_event);

// What lists need, kept beside the journal: so many runs cost no journal to show.
struct RunRow {
  std::string id;
  std::string name;
  std::string request_id;
  std::string workflow;  // its file
  std::map<std::string, std::string> labels;
  std::string status;  // as the journal has it: an unfinished run is "running"
  WallTime created_at{};
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  std::uint64_t tasks = 0;
  std::uint64_t succeeded = 0;                     // of its tasks, once it has ended
  std::map<std::string, std::uint64_t> by_status;  // of its tasks; empty where an older build wrote
  std::map<std::string, std::uint64_t> stages;     // by status, likewise
  std::uint64_t reused = 0;                        // of its tasks, from the cache
  double gpu_seconds = 0;                          // as SpentTime, of attempts that have ended
  // Last metrics of the stages that no other waits for, kMostOutcomes at most; those of the first
  // such stage win.
  std::map<std::string, double> outcome;
};
inline constexpr std::size_t kMostOutcomes = 8;
[[nodiscard]] RunRow row_of(const RunState& state);
[[nodiscard]] std::string encode_row(const RunState& state);
[[nodiscard]] RunRow decode_row(const RunStore& store, const RunSummary& summary);
// By id, which is by time.
[[nodiscard]] Result<std::vector<RunRow>> list_rows(const RunStore& store);

// 13 characters, sortable by time: 9 of milliseconds, 4 drawn; digits and lower-case letters
// without i, l, o, u.
[[nodiscard]] std::string make_run_id(WallTime now, std::uint64_t random);

// RUN of the command line: an id, "@latest", a unique prefix of an id, or a name (its newest run).
// kNotFound with the nearest name; kInvalidArgument where a prefix is not unique.
[[nodiscard]] Result<std::string> resolve_run(const std::vector<RunRow>& rows,
                                              const std::string& text);

}  // namespace cairn
