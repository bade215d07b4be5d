// `get` documents as text: what run, get, list and watch print.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/cli/cli.h"
#include "core/server/reading/fields.h"

namespace cairn {

// "12/40 steps"; "12 steps" where the total is unknown.
[[nodiscard]] std::string progress_text(const json::object& progress);
// "3.2s" between started_at and finished_at; empty while one is missing.
[[nodiscard]] std::string stage_duration(const json::object& stage);
// "crash: the host was killed by SIGSEGV"; empty without an error.
[[nodiscard]] std::string stage_error(const json::object& stage);
// "reward_mean=0.41 entropy=1.2": the first metrics by name, at most `most`.
[[nodiscard]] std::string metrics_text(const json::object& stage, std::size_t most);
// An RFC 3339 time in the local time zone, "2026-11-23 17:04:05".
[[nodiscard]] std::string local_time(const std::string& rfc3339);

// Name, stage type, status, attempts, duration and a note for each stage.
void print_stage_table(std::ostream& out, const json::object& run);
// The run's own fields, then its stages.
void print_run(std::ostream& out, const json::object& run);
// All that is known of one stage: outputs with their digests and paths, metrics, error.
void print_stage(std::ostream& out, const json::object& stage);

// How long it took to make what a plan's stages reuse, where that is worth a line: a minute or
// more.
void print_saving(std::ostream& out, const json::array& stages);

// After a change: "run ID STATUS", the id, or the run's row as JSON without its stages.
ExitCode print_row(const Cli& cli, const json::object& run);

}  // namespace cairn
