#include "core/engine/load.h"

#include <algorithm>

#include "core/base/framed_log.h"
#include "core/base/text.h"
#include "core/engine/step.h"

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

}  // namespace

std::string encode_event(const Event& event) {
  const std::string payload = event.SerializeAsString();
  const std::uint32_t checksum = crc32c(payload);
  std::string bytes;
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    bytes.push_back(static_cast<char>((checksum >> (8 * i)) & 0xff));
  }
  return bytes + payload;
}

Result<Event> decode_event(std::string_view bytes) {
  if (bytes.size() < kChecksumBytes) return corrupt("the record is cut short");
  std::uint32_t checksum = 0;
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    checksum |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  const std::string_view payload = bytes.substr(kChecksumBytes);
  if (crc32c(payload) != checksum) return corrupt("the record does not match its checksum");
  Event event;
  if (!event.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return corrupt("the record is no event");
  }
  if (event.format() > kEventFormat) {
    return invalid_argument("the record has format " + std::to_string(event.format()) +
                                ", this build reads up to " + std::to_string(kEventFormat),
                            "use the newer Cairn that wrote it");
  }
  return event;
}

Result<RunState> load_run(const RunStore& store, const std::string& run) {
  CAIRN_ASSIGN(const std::vector<JournalRecord> records, store.read_journal(run));
  RunState state;
  state.id = run;
  for (const JournalRecord& record : records) {
    auto event = decode_event(record.bytes);
    if (!event.ok() && event.error().code != ErrorCode::kCorrupt) {
      return at_sequence(std::move(event).error(), run, record.sequence);
    }
    std::optional<Error> broken;
    if (!event.ok()) {
      broken = std::move(event).error();
    } else if (auto stepped = step(state, *event); !stepped.ok()) {
      broken = std::move(stepped).error();
    }
    if (broken) {
      state.quarantined = at_sequence(*broken, run, record.sequence).to_string();
      state.status = RunStatus::kFailed;
      break;
    }
    state.last_sequence = record.sequence;
  }
  if (!state.spec) state.spec = std::make_shared<WorkflowSpec>();
  return state;
}

Result<std::vector<JournalEvent>> load_events(const RunStore& store, const std::string& run,
                                              std::uint64_t after) {
  CAIRN_ASSIGN(const std::vector<JournalRecord> records, store.read_journal(run, after));
  std::vector<JournalEvent> events;
  for (const JournalRecord& record : records) {
    auto event = decode_event(record.bytes);
    if (!event.ok() && event.error().code == ErrorCode::kCorrupt) break;
    if (!event.ok()) return at_sequence(std::move(event).error(), run, record.sequence);
    events.push_back({record.sequence, std::move(event).value()});
  }
  return events;
}

std::string encode_row(const RunState& state) {
  return canonical_json(json::object{{"name", state.spec->name},
                                     {"request_id", state.request_id},
                                     {"created_ms", state.created_at.time_since_epoch().count()}});
}

Result<std::vector<RunRow>> list_rows(const RunStore& store) {
  CAIRN_ASSIGN(const std::vector<RunSummary> summaries, store.list_runs());
  std::vector<RunRow> rows;
  for (const RunSummary& summary : summaries) {
    RunRow row;
    row.id = summary.run;
    // A row that cannot be read leaves the run reachable by its id.
    if (const auto object = parse_json_object(summary.bytes); object.ok()) {
      row.name = get_string(*object, "name").value_or("");
      row.request_id = get_string(*object, "request_id").value_or("");
      row.created_at = WallTime(Duration(get_int(*object, "created_ms").value_or(0)));
    }
    rows.push_back(std::move(row));
  }
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
