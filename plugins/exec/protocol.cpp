#include "plugins/exec/protocol.h"

#include <cmath>
#include <limits>

#include "core/base/random.h"
#include "core/base/text.h"

namespace cairn::exec {
namespace {

constexpr std::size_t kShownBytes = 200;

template <typename T>
using Getter = Result<T> (*)(const json::object&, std::string_view);

// A field that may be left out or be null.
template <typename T>
Result<T> optional_field(const json::object& object, std::string_view key, Getter<T> get,
                         T otherwise) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return otherwise;
  return get(object, key);
}

Result<ProgramMessage> read_progress(const json::object& object) {
  Progress progress;
  CAIRN_ASSIGN(progress.done, get_uint(object, "done"));
  CAIRN_ASSIGN(progress.total, optional_field<std::uint64_t>(object, "total", get_uint, 0));
  CAIRN_ASSIGN(progress.unit, optional_field<std::string>(object, "unit", get_string, {}));
  return ProgramMessage(std::move(progress));
}

// JSON has no words for what is not finite; they stand in strings here, as in metrics.jsonl.
Result<double> read_value(const json::object& object) {
  const json::value* value = object.if_contains("value");
  if (value != nullptr && value->is_string()) {
    const std::string_view text = value->get_string();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    return invalid_argument(
        R"('value' should be a number, or one of "NaN", "Infinity" and "-Infinity")");
  }
  CAIRN_ASSIGN(const double number, get_double(object, "value"));
  if (!std::isfinite(number)) return invalid_argument("'value' is too large for a number");
  return number;
}

Result<ProgramMessage> read_metric(const json::object& object) {
  Metric metric;
  CAIRN_ASSIGN(metric.name, get_string(object, "name"));
  if (metric.name.empty()) return invalid_argument("'name' should not be empty");
  CAIRN_ASSIGN(metric.step, get_int(object, "step"));
  CAIRN_ASSIGN(metric.value, read_value(object));
  CAIRN_ASSIGN(metric.runtime, optional_field<bool>(object, "runtime", get_bool, false));
  return ProgramMessage(std::move(metric));
}

Result<ProgramMessage> read_log(const json::object& object) {
  LogMessage log;
  CAIRN_ASSIGN(const auto level, optional_field<std::string>(object, "level", get_string, "info"));
  if (level == "debug")
    log.level = LogLevel::kDebug;
  else if (level == "warning")
    log.level = LogLevel::kWarning;
  else if (level == "error")
    log.level = LogLevel::kError;
  else if (level != "info")
    return invalid_argument(R"('level' should be one of "debug", "info", "warning", "error")");
  CAIRN_ASSIGN(log.message, get_string(object, "message"));
  return ProgramMessage(std::move(log));
}

Result<ProgramMessage> read_checkpoint(const json::object& object) {
  SaveCheckpoint checkpoint;
  CAIRN_ASSIGN(checkpoint.step, get_int(object, "step"));
  if (checkpoint.step < 0) return invalid_argument("'step' should not be negative");
  if (const json::value* state = object.if_contains("state")) checkpoint.state = *state;
  if (const json::value* folder = object.if_contains("folder"); folder && !folder->is_null()) {
    CAIRN_ASSIGN(checkpoint.folder, get_string(object, "folder"));
  }
  return ProgramMessage(std::move(checkpoint));
}

Result<ProgramMessage> read_memo(const json::object& object) {
  Memo memo;
  CAIRN_ASSIGN(memo.key, get_string(object, "key"));
  if (memo.key.empty()) return invalid_argument("'key' should not be empty");
  if (const json::value* value = object.if_contains("value")) memo.value = *value;
  return ProgramMessage(std::move(memo));
}

Result<ProgramMessage> read_reason(const json::object& object) {
  CAIRN_ASSIGN(std::string message, get_string(object, "message"));
  return ProgramMessage(Reason{std::move(message)});
}

struct MessageType {
  const char* name;
  Result<ProgramMessage> (*read)(const json::object&);
};
constexpr MessageType kTypes[] = {{"progress", read_progress}, {"metric", read_metric},
                                  {"log", read_log},           {"checkpoint", read_checkpoint},
                                  {"memo", read_memo},         {"error", read_reason}};

Error unknown_type(const std::string& type) {
  std::vector<std::string> names;
  for (const auto& known : kTypes) names.emplace_back(known.name);
  std::string what = "'type' should be one of " + join(names, ", ");
  if (const auto near = nearest_word(type, names)) what += "; did you mean '" + *near + "'?";
  return invalid_argument(what);
}

// Numbers such as 1e999 are JSON, and no numbers here.
bool is_finite(const json::value& value) {
  if (const double* number = value.if_double()) return std::isfinite(*number);
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list)
      if (!is_finite(item)) return false;
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object)
      if (!is_finite(member.value())) return false;
  }
  return true;
}

json::string as_json(const fs::path& path) {
  return json::string(path.native());
}

std::string line(const json::object& object) {
  return json::serialize(object) + '\n';
}

}  // namespace

Result<ProgramMessage> parse_message(std::string_view line) {
  if (!is_valid_utf8(line)) return invalid_argument("expected UTF-8");
  const auto value = parse_json(line);
  if (!value.ok()) {
    std::string what = "expected one JSON object";
    const bool not_finite = line.find("NaN") != line.npos || line.find("Infinity") != line.npos;
    if (not_finite) what += " (JSON has no NaN or Infinity)";
    return invalid_argument(what);
  }
  const json::object* object = value->if_object();
  if (object == nullptr) return invalid_argument("expected a JSON object");
  if (!is_finite(*value)) return invalid_argument("a number is too large");
  CAIRN_ASSIGN(const std::string type, get_string(*object, "type"));
  for (const auto& known : kTypes) {
    if (type != known.name) continue;
    auto message = known.read(*object);
    return message.ok() ? message : with_context(message.error(), type);
  }
  return unknown_type(type);
}

Error bad_line(std::int64_t number, const std::string& what, std::string_view text) {
  std::string shown = printable(text.substr(0, kShownBytes));
  for (std::size_t at = 0; (at = shown.find('\n', at)) != std::string::npos;)
    shown.replace(at, 1, "\\x0a");
  if (text.size() > kShownBytes) shown += "... (" + std::to_string(text.size()) + " bytes)";
  return invalid_argument("line " + std::to_string(number) + " of the program's messages: " + what +
                              "; the line is: " + shown,
                          "docs/exec.md has every message and its fields");
}

void LineReader::add(std::string_view bytes) {
  if (begin_ > 0) {
    bytes_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
  }
  bytes_.append(bytes);
}

Result<std::optional<std::string_view>> LineReader::next() {
  const std::size_t end = bytes_.find('\n', searched_);
  searched_ = end == std::string::npos ? bytes_.size() : end + 1;
  const std::size_t size = (end == std::string::npos ? bytes_.size() : end) - begin_;
  if (size > kMaxLine) {
    ++number_;
    return invalid_argument("a line has " + format_bytes(kMaxLine) + " at most");
  }
  if (end == std::string::npos) return std::optional<std::string_view>();
  const std::string_view line = std::string_view(bytes_).substr(begin_, size);
  begin_ = searched_;
  ++number_;
  return std::optional(line);
}

std::string start_line(const Start& start) {
  json::object inputs;
  for (const auto& [name, paths] : start.inputs) {
    json::array list;
    for (const auto& path : paths) list.push_back(as_json(path));
    inputs[name] = std::move(list);
  }
  json::object outputs;
  for (const auto& [name, path] : start.outputs) outputs[name] = as_json(path);
  json::value checkpoint;
  if (start.checkpoint) {
    const auto& folder = start.checkpoint->folder;
    checkpoint = {{"step", start.checkpoint->step},
                  {"state", start.checkpoint->state},
                  {"folder", folder ? json::value(as_json(*folder)) : json::value()}};
  }
  return line({{"type", "start"},
               {"protocol", kProtocol},
               {"params", start.params},
               {"inputs", std::move(inputs)},
               {"outputs", std::move(outputs)},
               {"temp_dir", as_json(start.temp_dir)},
               {"work_dir", as_json(start.work_dir)},
               // Text: where numbers are doubles, 64 bits would lose their last ones.
               {"seed", std::to_string(start.seed)},
               {"derived_seed", std::to_string(derive_seed(start.seed, "exec"))},
               {"attempt", start.attempt},
               {"resources",
                {{"cpus", start.resources.cpus},
                 {"memory_bytes", start.resources.memory_bytes},
                 {"gpus", start.resources.gpus}}},
               {"checkpoint", std::move(checkpoint)}});
}

std::string saved_line(std::int64_t step) {
  return line({{"type", "saved"}, {"step", step}});
}

std::string memo_line(const std::string& key, const std::optional<json::value>& value) {
  return line({{"type", "memo"},
               {"key", key},
               {"known", value.has_value()},
               {"value", value.value_or(json::value())}});
}

std::string cancel_line() {
  return line({{"type", "cancel"}});
}

}  // namespace cairn::exec
