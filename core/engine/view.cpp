#include "core/engine/view.h"

#include <algorithm>

#include "core/engine/cache_key.h"

namespace cairn {
namespace {

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(format_rfc3339(*time)) : json::value(nullptr);
}

json::object progress_view(const v1::Progress& progress) {
  return {{"done", progress.done()}, {"total", progress.total()}, {"unit", progress.unit()}};
}

template <typename Map>
json::object numbers_view(const Map& numbers) {
  json::object object;
  for (const auto& [name, value] : numbers) object[name] = value;
  return object;
}

json::object output_view(const Artifact& output, const ViewOptions& options) {
  return {{"kind", output.kind()},
          {"digest", output.digest()},
          {"path", artifact_path(options.store_folder, output.digest()).string()},
          {"bytes", output.bytes()}};
}

std::optional<WallTime> first_start(const RunState& state) {
  std::optional<WallTime> first;
  for (const TaskState& task : state.tasks) {
    if (task.started_at) first = std::min(first.value_or(*task.started_at), *task.started_at);
  }
  return first;
}

// The message's fields as JSON, those that are unset left out; names as in the schema.
json::object fields_view(const google::protobuf::Message& message);

json::value field_view(const google::protobuf::Message& message,
                       const google::protobuf::FieldDescriptor& field, int index) {
  using google::protobuf::FieldDescriptor;
  const auto& reflection = *message.GetReflection();
  const bool repeated = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.GetUInt32(message, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.GetUInt64(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnum(message, &field)->name().c_str();
    case FieldDescriptor::CPPTYPE_STRING:
      return json::value(repeated ? reflection.GetRepeatedString(message, &field, index)
                                  : reflection.GetString(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return fields_view(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                                  : reflection.GetMessage(message, &field));
    default:
      return nullptr;
  }
}

json::object fields_view(const google::protobuf::Message& message) {
  json::object object;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    // The workflow is part of the run's own document, and too long for a line.
    if (field->name() == "workflow_json" || field->is_map()) continue;
    json::value& value = object[field->name()];
    if (!field->is_repeated()) {
      value = field_view(message, *field, -1);
      continue;
    }
    json::array items;
    const int size = message.GetReflection()->FieldSize(message, field);
    for (int i = 0; i < size; ++i) items.push_back(field_view(message, *field, i));
    value = std::move(items);
  }
  return object;
}

json::array why(const RunState& state, std::size_t index) {
  const TaskState& task = state.tasks[index];
  const StageSpec& stage = state.spec->stages[index];
  json::array because;
  if (!task.reopened_because.empty()) {
    because.emplace_back("reopened by resume: " + task.reopened_because);
  }
  if (task.phase == TaskPhase::kWaiting) {
    std::vector<std::string> names = stage.after;
    for (const auto& [port, references] : stage.inputs) {
      for (const OutputRef& reference : references) names.push_back(reference.stage);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const std::string& name : names) {
      const TaskState& earlier = state.tasks[*state.find(name)];
      if (earlier.phase == TaskPhase::kSucceeded) continue;
      because.emplace_back("waits for " + name + ", which is " + to_string(earlier.phase));
    }
  } else if (task.phase == TaskPhase::kQueued) {
    because.emplace_back("ready; waits for free resources or for the time of its next attempt (" +
                         format_rfc3339(task.not_before) + ")");
  } else if (task.cached) {
    because.emplace_back("the result was known from " + task.cached_from);
  }
  if (!task.cause.empty()) because.emplace_back(task.cause + ": " + task.message);
  if (task.cause.empty() && !task.message.empty()) because.emplace_back(task.message);
  return because;
}

}  // namespace

std::string run_status(const RunState& state, bool served) {
  if (state.status != RunStatus::kRunning) return to_string(state.status);
  if (!served) return "interrupted";
  return first_start(state) ? "running" : "pending";
}

std::string task_status(const RunState& state, std::size_t task, bool served) {
  const TaskPhase phase = state.tasks[task].phase;
  const bool dead =
      phase == TaskPhase::kRunning && (!served || state.status != RunStatus::kRunning);
  return dead ? to_string(TaskPhase::kInterrupted) : to_string(phase);
}

json::object stage_view(const RunState& state, std::size_t index, const ViewOptions& options) {
  const TaskState& task = state.tasks[index];
  const StageSpec& stage = state.spec->stages[index];
  const LiveTask* live = nullptr;
  if (options.live != nullptr) {
    const auto found = options.live->find(stage.name);
    if (found != options.live->end()) live = &found->second;
  }
  json::object object{{"name", stage.name},
                      {"uses", stage.uses},
                      {"status", task_status(state, index, options.served)},
                      {"attempts", task.attempts.size()},
                      {"cached", task.cached},
                      {"started_at", time_or_null(task.started_at)},
                      {"finished_at", time_or_null(task.finished_at)}};
  object["progress"] = progress_view(live != nullptr ? live->progress : task.progress);
  json::object outputs;
  for (const Artifact& output : task.outputs) outputs[output.name()] = output_view(output, options);
  object["outputs"] = std::move(outputs);
  object["metrics"] = live != nullptr ? numbers_view(live->metrics) : numbers_view(task.metrics);
  if (!task.cause.empty() && task.phase != TaskPhase::kSucceeded) {
    object["error"] = json::object{{"cause", task.cause}, {"message", task.message}};
  }
  return object;
}

json::object run_view(const RunState& state, const ViewOptions& options) {
  json::array stages;
  for (std::size_t i = 0; i < state.tasks.size(); ++i) {
    stages.push_back(stage_view(state, i, options));
  }
  json::object object{{"id", state.id},
                      {"name", state.spec->name},
                      {"workflow", state.spec->file},
                      {"status", run_status(state, options.served)},
                      {"created_at", format_rfc3339(state.created_at)},
                      {"started_at", time_or_null(first_start(state))},
                      {"finished_at", time_or_null(state.finished_at)},
                      {"seed", state.spec->seed},
                      {"params", state.spec->params},
                      {"stages", std::move(stages)}};
  if (state.quarantined) {
    object["error"] =
        json::object{{"cause", cause::kCorruptRecord}, {"message", *state.quarantined}};
  }
  return object;
}

json::object list_row(const RunState& state, bool served) {
  const auto succeeded =
      std::count_if(state.tasks.begin(), state.tasks.end(),
                    [](const TaskState& task) { return task.phase == TaskPhase::kSucceeded; });
  return {{"id", state.id},
          {"name", state.spec->name},
          {"status", run_status(state, served)},
          {"created_at", format_rfc3339(state.created_at)},
          {"started_at", time_or_null(first_start(state))},
          {"finished_at", time_or_null(state.finished_at)},
          {"stages", {{"total", state.tasks.size()}, {"succeeded", succeeded}}}};
}

json::object event_view(const std::string& run, std::uint64_t sequence, const Event& event) {
  json::object object{{"sequence", sequence},
                      {"time", format_rfc3339(WallTime(Duration(event.time_ms())))},
                      {"run", run}};
  const auto* field = Event::descriptor()->FindFieldByNumber(event.what_case());
  if (field == nullptr) return object;
  object["type"] = field->name();
  for (auto& [name, value] : fields_view(event.GetReflection()->GetMessage(event, field))) {
    if (name == "run") continue;
    object[name == "task" ? json::string_view("stage") : json::string_view(name)] = value;
  }
  return object;
}

json::object explain_view(const RunState& state, std::size_t index, bool served,
                          const RunState* earlier) {
  const TaskState& task = state.tasks[index];
  const std::string& name = state.spec->stages[index].name;
  json::object cache{{"key", task.key}, {"hit", task.cached}};
  if (!task.cache_note.empty()) cache["note"] = task.cache_note;
  const auto other = earlier != nullptr ? earlier->find(name) : std::nullopt;
  if (other && !task.key.empty() && !earlier->tasks[*other].key.empty()) {
    const auto mine = parse_json_object(task.key_components);
    const auto theirs = parse_json_object(earlier->tasks[*other].key_components);
    json::array differs;
    if (mine.ok() && theirs.ok()) {
      for (const std::string& path : differing_components(*theirs, *mine)) {
        differs.emplace_back(path);
      }
    }
    cache["compared_with"] = earlier->id;
    cache["differs"] = std::move(differs);
  }
  json::array attempts;
  for (const AttemptState& attempt : task.attempts) {
    attempts.push_back(json::object{{"attempt", attempt.number},
                                    {"host", attempt.host.host},
                                    {"pid", attempt.host.pid},
                                    {"started_at", time_or_null(attempt.started_at)},
                                    {"finished_at", time_or_null(attempt.finished_at)},
                                    {"cause", attempt.cause},
                                    {"message", attempt.message}});
  }
  return {{"stage", name},
          {"status", task_status(state, index, served)},
          {"folder", task_folder(state, index)},
          {"because", why(state, index)},
          {"cache", std::move(cache)},
          {"attempts", std::move(attempts)}};
}

}  // namespace cairn
