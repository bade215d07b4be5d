#include "core/server/run_source.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/server/journal_follower.h"

namespace cairn {
namespace {

constexpr const char* kTimedOut = "the wait is over and the run goes on";

// What its stage's tasks share, and what it has of its own.
json::object all_params(const RunState& state, std::uint32_t task) {
  json::object params = state.spec_of(state.tasks[task]).params;
  for (auto& [name, value] : own_params(state, task)) params[name] = std::move(value);
  return params;
}

// A stage of several tasks in one piece: what it says of itself, and its first task that tells
// more.
json::object explain_stage(const RunState& state, std::uint32_t number, bool served,
                           const RunState* earlier) {
  const StageState& stage = state.stages[number];
  json::object summary = stage_view(state, number, {{}, served, nullptr});
  json::array because;
  if (const json::value* error = summary.if_contains("error")) {
    const json::object& fields = error->as_object();
    because.emplace_back(std::string(fields.at("cause").as_string()) + ": " +
                         std::string(fields.at("message").as_string()));
  }
  std::optional<std::uint32_t> telling;
  for (const TaskPhase phase : {TaskPhase::kFailed, TaskPhase::kWaiting, TaskPhase::kInterrupted}) {
    for (std::uint32_t cell = 0; cell < stage.count && !telling && stage.in(phase) > 0; ++cell) {
      if (state.tasks[state.task_of(number, cell)].phase == phase) {
        telling = state.task_of(number, cell);
      }
    }
  }
  json::object object{{"stage", state.spec->stages[number].name},
                      {"status", summary.at("status")},
                      {"because", std::move(because)},
                      {"tasks", summary.at("tasks")}};
  if (telling) object["example"] = explain_view(state, *telling, served, earlier);
  return object;
}

}  // namespace

Error no_such_stage(const RunState& state, const std::string& name) {
  std::vector<std::string> names;
  for (const StageSpec& stage : state.spec->stages) names.push_back(stage.name);
  const std::string bare = name.substr(0, name.find('['));
  if (bare != name && state.find_stage(bare)) {
    return not_found("stage '" + bare + "' of run " + state.id + " has no task '" + name + "'",
                     "cairn get " + state.id + "/" + bare + " lists its tasks");
  }
  const auto near = nearest_word(bare, names);
  return not_found("run " + state.id + " has no stage '" + bare + "'",
                   near ? "did you mean '" + *near + "'?" : "its stages: " + join(names, ", "));
}

Result<json::object> stage_document(const RunState& state, const std::string& stage,
                                    const TaskPage& page, const ViewOptions& options) {
  if (const auto task = state.find_task(stage)) {
    json::object document = task_view(state, *task, options);
    document["params"] = all_params(state, *task);
    return document;
  }
  const auto number = state.find_stage(stage);
  if (!number || stage.find('[') != std::string::npos) return no_such_stage(state, stage);
  return stage_page(state, *number, page.offset, page.limit, options);
}

Result<json::object> explain_document(const RunState& state, const RunState* earlier,
                                      const std::string& stage, const TaskPage& page, bool served) {
  json::array stages;
  const auto add_task = [&](std::uint32_t task) {
    stages.push_back(explain_view(state, task, served, earlier));
  };
  if (stage.empty()) {
    for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
      if (has_several_tasks(state, i)) {
        stages.push_back(explain_stage(state, i, served, earlier));
      } else {
        add_task(i);
      }
    }
  } else if (const auto task = state.find_task(stage)) {
    add_task(*task);
  } else {
    const auto number = state.find_stage(stage);
    if (!number || stage.find('[') != std::string::npos) return no_such_stage(state, stage);
    stages.push_back(explain_stage(state, *number, served, earlier));
    const std::uint32_t count = state.stages[*number].count;
    for (std::uint32_t cell = page.offset; cell < count && cell - page.offset < page.limit;
         ++cell) {
      add_task(state.task_of(*number, cell));
    }
  }
  json::object document{{"id", state.id},
                        {"name", state.spec->name},
                        {"status", run_status(state, served)},
                        {"stages", std::move(stages)}};
  if (auto environment = parse_json_object(state.environment_json); environment.ok()) {
    document["environment"] = std::move(*environment);
  }
  return document;
}

Error timed_out() {
  return make_error(ErrorCode::kUnavailable, kTimedOut);
}

bool is_timed_out(const Error& error) {
  return error.code == ErrorCode::kUnavailable && error.message == kTimedOut;
}

Result<std::string> StoreRuns::resolve(const std::string& run) const {
  CAIRN_ASSIGN(const std::vector<RunRow> rows, list_rows(store_));
  return resolve_run(rows, run);
}

Result<RunState> StoreRuns::load(const std::string& run) const {
  CAIRN_ASSIGN(const std::string id, resolve(run));
  return load_run(store_, id);
}

Result<std::unique_ptr<RunState>> StoreRuns::find_earlier(const std::string& id) const {
  CAIRN_ASSIGN(std::vector<RunRow> rows, list_rows(store_));
  const auto own = std::ranges::find(rows, id, &RunRow::id);
  if (own == rows.end()) return std::unique_ptr<RunState>();
  for (auto row = own; row != rows.begin();) {
    --row;
    if (row->name != own->name) continue;
    CAIRN_ASSIGN(RunState state, load_run(store_, row->id));
    return std::make_unique<RunState>(std::move(state));
  }
  return std::unique_ptr<RunState>();
}

Result<json::array> StoreRuns::list(const v1::ListRequest& request) {
  CAIRN_ASSIGN(const RunFilter filter, read_filter(request));
  CAIRN_ASSIGN(const std::vector<RunSummary> summaries, store_.list_runs());
  json::array runs;
  for (auto summary = summaries.rbegin(); summary != summaries.rend(); ++summary) {
    if (request.limit() > 0 && runs.size() >= request.limit()) break;
    if (!request.before().empty() && summary->run >= request.before()) continue;
    RunRow row = decode_row(store_, *summary);
    if (row.status == "running" && !served_) row.status = "interrupted";
    if (filter.takes(row)) runs.push_back(list_row(row));
  }
  return runs;
}

Result<json::object> StoreRuns::get(const std::string& run) {
  CAIRN_ASSIGN(const RunState state, load(run));
  return run_view(state, {store_folder_, served_, nullptr});
}

Result<json::object> StoreRuns::get_stage(const std::string& run, const std::string& stage,
                                          const TaskPage& page) {
  CAIRN_ASSIGN(const RunState state, load(run));
  return stage_document(state, stage, page, {store_folder_, served_, nullptr});
}

Result<json::object> StoreRuns::explain(const std::string& run, const std::string& stage,
                                        const TaskPage& page) {
  CAIRN_ASSIGN(const RunState state, load(run));
  CAIRN_ASSIGN(const auto earlier, find_earlier(state.id));
  return explain_document(state, earlier.get(), stage, page, served_);
}

Result<void> StoreRuns::watch(const std::string& run, const WatchOptions& options,
                              const OnEvent& on_event) {
  CAIRN_ASSIGN(const std::string id, resolve(run));
  JournalFollower journal(store_, id);
  return journal.read(options.after, on_event);
}

}  // namespace cairn
