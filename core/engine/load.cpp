#include "core/engine/load.h"

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <cmath>

#include "core/base/framed_log.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/engine/snapshot.h"
#include "core/engine/spent.h"
#include "core/engine/step.h"
#include "core/engine/upgrade.h"

namespace cairn {
namespace {

constexpr std::size_t kChecksumBytes = 4;
constexpr std::string_view kIdAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kTimeDigits = 9;
constexpr int kRandomDigits = 4;

Error at_sequence(Error error, const std::string& run, std::uint64_t sequence) {
  return with_context(std::move(error),
                      "journal of run " + run + ", record " + std::to_string(sequence));
}

// Cairn writes the format first.
std::uint32_t format_of(std::string_view payload) {
  constexpr unsigned char kFirstField = 0x08;
  constexpr unsigned char kMoreBytes = 0x80;
  if (payload.size() < 2 || static_cast<unsigned char>(payload[0]) != kFirstField) return 0;
  const auto value = static_cast<unsigned char>(payload[1]);
  return (value & kMoreBytes) != 0 ? kMoreBytes : value;
}

}  // namespace

std::string with_checksum(std::string_view payload) {
  const std::uint32_t checksum = crc32c(payload);
  std::string bytes;
  bytes.reserve(kChecksumBytes + payload.size());
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    bytes.push_back(static_cast<char>((checksum >> (8 * i)) & 0xff));
  }
  return bytes.append(payload);
}

Result<std::string_view> without_checksum(std::string_view bytes) {
  if (bytes.size() < kChecksumBytes) return corrupt("the record is cut short");
  std::uint32_t checksum = 0;
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    checksum |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  const std::string_view payload = bytes.substr(kChecksumBytes);
  if (crc32c(payload) != checksum) return corrupt("the record does not match its checksum");
  return payload;
}

std::string encode_event(const Event& event) {
  return with_checksum(event.SerializeAsString());
}

Result<std::vector<Event>> decode_record(std::string_view bytes, const RunState& state) {
  CAIRN_ASSIGN(const std::string_view payload, without_checksum(bytes));
  if (format_of(payload) == 1) return upgrade_event(payload, state);
  std::vector<Event> events(1);
  if (!events[0].ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return corrupt("the record is no event");
  }
  if (events[0].format() > kEventFormat) {
    return invalid_argument("the record has format " + std::to_string(events[0].format()) +
                                ", this build reads up to " + std::to_string(kEventFormat),
                            "use the newer Cairn that wrote it");
  }
  return events;
}

namespace {

// Folds what the journal has after the state into it, telling each event.
Result<void> fold(const RunStore& store, const std::string& run, RunState& state,
                  const OnJournalEvent& on_event) {
  state.id = run;
  std::optional<Error> unreadable;
  CAIRN_TRY(store.read_journal(
      run, state.last_sequence, [&](std::uint64_t sequence, std::string_view bytes) {
        const auto events = decode_record(bytes, state);
        std::optional<Error> broken;
        if (!events.ok() && events.error().code != ErrorCode::kCorrupt) {
          unreadable = at_sequence(events.error(), run, sequence);
          return false;
        }
        if (!events.ok()) broken = events.error();
        for (std::size_t i = 0; !broken && i < events->size(); ++i) {
          if (auto stepped = step(state, (*events)[i]); !stepped.ok()) {
            broken = std::move(stepped).error();
            break;
          }
          note_sequence(state, (*events)[i], sequence);
          if (on_event && !on_event(sequence, (*events)[i], state)) return false;
        }
        if (!broken) return true;
        state.quarantined = at_sequence(*broken, run, sequence).to_string();
        state.status = RunStatus::kFailed;
        return false;
      }));
  if (unreadable) return *unreadable;
  return {};
}

}  // namespace

Result<RunState> load_run(const RunStore& store, const std::string& run) {
  RunState state;
  // One that cannot be read costs time and nothing else: the journal says all of it.
  if (const auto snapshot = store.find_snapshot(run); snapshot.ok() && *snapshot) {
    auto decoded = decode_snapshot(store, run, **snapshot);
    if (decoded.ok()) {
      state = std::move(decoded).value();
    } else {
      spdlog::warn("run {}: {}; its whole journal is read", run, decoded.error().to_string());
    }
  }
  CAIRN_TRY(fold(store, run, state, {}));
  if (!state.spec) state.spec = std::make_shared<WorkflowSpec>();
  return state;
}

Result<void> follow_run(const RunStore& store, RunState& state) {
  const std::string run = state.id;
  return fold(store, run, state, {});
}

Result<RunState> load_run_and_compare(const RunStore& store, const std::string& run) {
  RunState state;
  CAIRN_ASSIGN(const std::optional<std::string> snapshot, store.find_snapshot(run));
  std::optional<std::uint64_t> at;
  if (snapshot) {
    CAIRN_ASSIGN(const RunState decoded, decode_snapshot(store, run, *snapshot));
    at = decoded.last_sequence;
  }
  bool equal = !snapshot;
  CAIRN_TRY(fold(store, run, state, [&](std::uint64_t sequence, const Event&, const RunState& now) {
    if (sequence == at) equal = encode_snapshot(now) == *snapshot;
    return true;
  }));
  if (!equal && !state.quarantined) {
    return corrupt("the snapshot of run " + run + " says something else than its journal");
  }
  if (!state.spec) state.spec = std::make_shared<WorkflowSpec>();
  return state;
}

Result<void> replay_run(const RunStore& store, const std::string& run, std::uint64_t after,
                        const OnJournalEvent& on_event) {
  RunState state;
  return fold(store, run, state,
              [&](std::uint64_t sequence, const Event& event, const RunState& now) {
                return sequence <= after || on_event(sequence, event, now);
              });
}

namespace {

std::map<std::string, double> outcome_of(const RunState& state) {
  std::map<std::string, double> outcome;
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    if (!state.dependants[i].empty() || state.stages[i].cells || !state.stages[i].expanded)
      continue;
    for (const auto& [name, value] : state.tasks[i].metrics) {
      if (outcome.size() == kMostOutcomes) return outcome;
      if (std::isfinite(value)) outcome.emplace(name, value);
    }
  }
  return outcome;
}

}  // namespace

RunRow row_of(const RunState& state) {
  RunRow row;
  row.id = state.id;
  row.name = state.spec->name;
  row.request_id = state.request_id;
  row.workflow = state.spec->file;
  row.labels = state.spec->labels;
  row.status = to_string(state.status);
  row.created_at = state.created_at;
  row.started_at = state.started_at;
  row.finished_at = state.finished_at;
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    const StageState& stage = state.stages[i];
    ++row.stages[stage_phase_word(state, i)];
    row.tasks += stage.count;
    row.succeeded += std::min(stage.count, stage.in(TaskPhase::kSucceeded));
    // A foreach without its list counts no task, though one stands for it.
    if (stage.count == 0) continue;
    for (std::size_t phase = 0; phase < kTaskPhases; ++phase) {
      if (stage.in_phase[phase] == 0) continue;
      row.by_status[to_string(static_cast<TaskPhase>(phase))] += stage.in_phase[phase];
    }
  }
  row.reused = static_cast<std::uint64_t>(
      std::ranges::count_if(state.tasks, [](const TaskState& task) { return task.cached; }));
  row.gpu_seconds = spent_by(state, std::nullopt).gpu_seconds;
  row.outcome = outcome_of(state);
  return row;
}

std::string encode_row(const RunState& state) {
  const auto milliseconds = [](const std::optional<WallTime>& time) {
    return time ? json::value(time->time_since_epoch().count()) : json::value(nullptr);
  };
  const RunRow row = row_of(state);
  return canonical_json(json::object{{"name", row.name},
                                     {"request_id", row.request_id},
                                     {"workflow", row.workflow},
                                     {"labels", json::value_from(row.labels)},
                                     {"status", row.status},
                                     {"created_ms", milliseconds(row.created_at)},
                                     {"started_ms", milliseconds(row.started_at)},
                                     {"finished_ms", milliseconds(row.finished_at)},
                                     {"tasks", row.tasks},
                                     {"succeeded", row.succeeded},
                                     {"by_status", json::value_from(row.by_status)},
                                     {"stages", json::value_from(row.stages)},
                                     {"reused", row.reused},
                                     {"gpu_seconds", row.gpu_seconds},
                                     {"outcome", json::value_from(row.outcome)}});
}

namespace {

const json::object& members(const json::object& object, std::string_view key) {
  static const json::object kNone;
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_object() ? found->get_object() : kNone;
}

std::map<std::string, std::uint64_t> counts(const json::object& object, std::string_view key) {
  std::map<std::string, std::uint64_t> found;
  for (const auto& [name, count] : members(object, key)) {
    if (count.is_int64() && count.get_int64() >= 0)
      found[name] = static_cast<std::uint64_t>(count.get_int64());
  }
  return found;
}

}  // namespace

RunRow decode_row(const RunStore& store, const RunSummary& summary) {
  RunRow row;
  row.id = summary.run;
  // A row that cannot be read leaves the run reachable by its id.
  if (const auto object = parse_json_object(summary.bytes); object.ok()) {
    const auto time = [&](const char* key) -> std::optional<WallTime> {
      const auto value = get_int(*object, key);
      if (!value.ok()) return std::nullopt;
      return WallTime(Duration(*value));
    };
    row.name = get_string(*object, "name").value_or("");
    row.request_id = get_string(*object, "request_id").value_or("");
    row.workflow = get_string(*object, "workflow").value_or("");
    for (const auto& [label, value] : members(*object, "labels")) {
      if (value.is_string()) row.labels[label] = value.as_string();
    }
    row.status = get_string(*object, "status").value_or("");
    row.created_at = time("created_ms").value_or(WallTime{});
    row.started_at = time("started_ms");
    row.finished_at = time("finished_ms");
    row.tasks = get_uint(*object, "tasks").value_or(0);
    row.succeeded = get_uint(*object, "succeeded").value_or(0);
    row.by_status = counts(*object, "by_status");
    row.stages = counts(*object, "stages");
    row.reused = get_uint(*object, "reused").value_or(0);
    row.gpu_seconds = get_double(*object, "gpu_seconds").value_or(0);
    for (const auto& [name, value] : members(*object, "outcome")) {
      if (value.is_number()) row.outcome[name] = value.to_number<double>();
    }
  }
  if (!row.status.empty()) return row;
  // Rows of format 1 said less: the journal says it.
  const auto state = load_run(store, summary.run);
  return state.ok() ? row_of(*state) : row;
}

Result<std::vector<RunRow>> list_rows(const RunStore& store) {
  CAIRN_ASSIGN(const std::vector<RunSummary> summaries, store.list_runs());
  std::vector<RunRow> rows;
  rows.reserve(summaries.size());
  for (const RunSummary& summary : summaries) rows.push_back(decode_row(store, summary));
  return rows;
}

std::string make_run_id(WallTime now, std::uint64_t random) {
  auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
  std::string id(kTimeDigits + kRandomDigits, '0');
  for (int i = kTimeDigits - 1; i >= 0; --i, time >>= 5) id[i] = kIdAlphabet[time & 31];
  for (int i = 0; i < kRandomDigits; ++i, random >>= 5) {
    id[kTimeDigits + i] = kIdAlphabet[random & 31];
  }
  return id;
}

Result<std::string> resolve_run(const std::vector<RunRow>& rows, const std::string& text) {
  if (text == "@latest") {
    if (rows.empty()) return not_found("there are no runs yet", "start one: cairn run FILE");
    return rows.back().id;
  }
  std::vector<std::string> by_prefix;
  std::vector<std::string> known;
  std::optional<std::string> by_name;
  for (const RunRow& row : rows) {
    if (row.id == text) return row.id;
    if (!text.empty() && row.id.starts_with(text)) by_prefix.push_back(row.id);
    if (row.name == text) by_name = row.id;
    known.push_back(row.name);
    known.push_back(row.id);
  }
  if (by_name) return *by_name;
  if (by_prefix.size() == 1) return by_prefix.front();
  if (by_prefix.size() > 1) {
    return invalid_argument(
        "'" + text + "' is the beginning of " + std::to_string(by_prefix.size()) + " run ids",
        "it could be " + by_prefix[0] + " or " + by_prefix[1]);
  }
  const auto nearest = nearest_word(text, known);
  return not_found("there is no run '" + text + "'",
                   nearest ? "did you mean " + *nearest + "?" : "cairn list shows all runs");
}

}  // namespace cairn
