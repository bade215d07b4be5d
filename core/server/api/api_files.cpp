// Api: what tasks wrote while they ran.
#include <boost/json/value_from.hpp>

#include "core/base/text.h"
#include "core/engine/view.h"
#include "core/server/api/api.h"
#include "core/server/api/task_place.h"
#include "core/server/reading/log_merge.h"
#include "core/server/reading/log_page.h"
#include "core/server/reading/metric_series.h"
#include "core/server/reading/task_files.h"

namespace cairn::api {
namespace {

constexpr std::uint32_t kLinesOnAPage = 200;
constexpr std::uint32_t kHitsOnAPage = 100;
constexpr std::uint32_t kWidth = 1000;
constexpr std::uint32_t kRangeBytes = 64U << 10;

Result<LogSource> source_of(const std::string& word) {
  return word.empty() ? Result<LogSource>(LogSource::kLog) : parse_log_source(word);
}

std::set<std::string> levels_of(const std::string& text) {
  std::set<std::string> levels;
  if (text.empty()) return levels;
  for (const std::string_view word : split(text, ',')) levels.emplace(word);
  return levels;
}

SearchText search_text(const std::string& text, bool regex) {
  return {text, regex, !regex};
}

int attempt_of(std::uint32_t asked, const TaskPlaceFound& place) {
  return static_cast<int>(asked == 0 ? place.newest_attempt() : asked);
}

// "STAGE" or "STAGE[LABEL]"; empty: all.
Result<TaskChoice> choice_of(const RunState& state, const std::string& name) {
  if (name.empty()) return TaskChoice();
  if (const auto task = state.find_task(name)) {
    const std::uint32_t stage = state.tasks[*task].stage;
    const bool several = state.stages[stage].cells != nullptr;
    return TaskChoice{state.spec->stages[stage].name,
                      several ? std::optional(state.tasks[*task].cell) : std::nullopt};
  }
  if (!state.find_stage(name)) return no_such_stage(state, name);
  return TaskChoice{name, std::nullopt};
}

// The name of a task's folder becomes that of its stage and task.
void name_task(const RunState& state, json::object& item) {
  const std::string folder(item.at("task").as_string());
  const auto place = parse_task_folder(folder);
  item["stage"] = place ? place->stage : folder;
  if (!place) return;
  const auto stage = state.find_stage(place->stage);
  if (!stage) return;
  const std::uint32_t cell = place->cell.value_or(0);
  if (cell >= state.stages[*stage].count) return;
  const std::uint32_t task = state.task_of(*stage, cell);
  item["task"] = task_name(state, task);
  if (state.tasks[task].generation != place->generation) item["earlier"] = true;
}

Outcome with_origin(Result<json::object> document, const TaskPlaceFound& place) {
  if (document.ok() && !place.reused_from.empty()) (*document)["reused_from"] = place.reused_from;
  return outcome(std::move(document));
}

}  // namespace

Outcome Api::log(const v1::ReadLogRequest& request) {
  CAIRN_ASSIGN(const TaskPlaceFound place, find_task_place(runs(), request.run(), request.stage()));
  LogPageRequest wish;
  CAIRN_ASSIGN(wish.source, source_of(request.source()));
  wish.attempt = attempt_of(request.attempt(), place);
  wish.cursor = request.cursor();
  if (request.has_line()) wish.line = request.line();
  wish.backwards = request.backwards();
  wish.limit = request.limit() == 0 ? kLinesOnAPage : request.limit();
  wish.filter.levels = levels_of(request.level());
  if (!request.q().empty()) wish.filter.text = search_text(request.q(), request.regex());
  auto page = log_page(indexes_, place.folder, wish);
  if (page.ok()) {
    (*page)["attempts"] = json::value_from(place.attempts);
    (*page)["going_on"] = place.going_on;
  }
  return with_origin(std::move(page), place);
}

Outcome Api::log_hits(const v1::SearchLogRequest& request) {
  CAIRN_ASSIGN(const TaskPlaceFound place, find_task_place(runs(), request.run(), request.stage()));
  LogSearchRequest wish;
  CAIRN_ASSIGN(wish.source, source_of(request.source()));
  wish.attempt = attempt_of(request.attempt(), place);
  wish.cursor = request.cursor();
  wish.backwards = request.backwards();
  wish.limit = request.limit() == 0 ? kHitsOnAPage : request.limit();
  wish.text = search_text(request.q(), request.regex());
  wish.levels = levels_of(request.level());
  return with_origin(log_search(indexes_, place.folder, wish), place);
}

Result<json::object> Api::merged_log(const std::string& run, const std::string& stage,
                                     MergedLogRequest wish) {
  CAIRN_ASSIGN(const std::string id, runs().resolve(run));
  wish.run_folder = run_folder(runs().store_folder(), id);
  Result<TaskChoice> choice = TaskChoice();
  CAIRN_TRY(runs().replicas().with(id, [&](const RunNow& now) {
    for (const StageSpec& each : now.state.spec->stages) wish.stages.push_back(each.name);
    choice = choice_of(now.state, stage);
  }));
  CAIRN_ASSIGN(wish.choice, std::move(choice));
  CAIRN_ASSIGN(json::object page, merged_log_page(clock_, wish));
  CAIRN_TRY(runs().replicas().with(id, [&](const RunNow& now) {
    for (json::value& item : page.at("items").as_array()) name_task(now.state, item.as_object());
    page["going_on"] = now.served && now.state.status == RunStatus::kRunning;
  }));
  return page;
}

Outcome Api::run_log(const v1::ReadRunLogRequest& request) {
  MergedLogRequest wish;
  wish.cursor = request.cursor();
  wish.backwards = request.backwards();
  wish.limit = request.limit() == 0 ? kLinesOnAPage : request.limit();
  wish.filter.levels = levels_of(request.level());
  if (!request.q().empty()) wish.filter.text = search_text(request.q(), request.regex());
  return outcome(merged_log(request.run(), request.stage(), std::move(wish)));
}

Outcome Api::run_log_hits(const v1::SearchRunLogRequest& request) {
  MergedLogRequest wish;
  wish.cursor = request.cursor();
  wish.backwards = request.backwards();
  wish.limit = request.limit() == 0 ? kHitsOnAPage : request.limit();
  wish.filter.levels = levels_of(request.level());
  wish.filter.text = search_text(request.q(), request.regex());
  wish.searches = true;
  CAIRN_ASSIGN(json::object page, merged_log(request.run(), request.stage(), std::move(wish)));
  const bool over = page.at(request.backwards() ? "at_begin" : "at_end").as_bool();
  json::object hits{{"hits", std::move(page.at("items"))}};
  hits["next"] = over ? json::value() : page.at(request.backwards() ? "previous" : "next");
  for (const char* member : {"undecided", "left_out"}) {
    if (const json::value* count = page.if_contains(member)) hits[member] = *count;
  }
  return hits;
}

Outcome Api::log_bytes(const v1::ReadLogRangeRequest& request) {
  CAIRN_ASSIGN(const TaskPlaceFound place, find_task_place(runs(), request.run(), request.stage()));
  CAIRN_ASSIGN(const LogSource source, source_of(request.source()));
  const std::size_t bytes = request.bytes() == 0 ? kRangeBytes : request.bytes();
  return outcome(log_range(place.folder, attempt_of(request.attempt(), place), source,
                           request.offset(), bytes));
}

Result<OpenFile> Api::open_log_file(const v1::DownloadLogRequest& request) {
  CAIRN_ASSIGN(const TaskPlaceFound place, find_task_place(runs(), request.run(), request.stage()));
  CAIRN_ASSIGN(const LogSource source, source_of(request.source()));
  return open_log(place.folder, attempt_of(request.attempt(), place), source);
}

Outcome Api::metrics(const v1::ListMetricsRequest& request) {
  CAIRN_ASSIGN(const TaskPlaceFound place, find_task_place(runs(), request.run(), request.stage()));
  return with_origin(metric_names(indexes_, place.folder), place);
}

Outcome Api::series(const v1::ReadSeriesRequest& request) {
  CAIRN_ASSIGN(const TaskPlaceFound place, find_task_place(runs(), request.run(), request.stage()));
  MetricSeriesRequest wish;
  wish.names.assign(request.name().begin(), request.name().end());
  if (request.has_from()) wish.step_first = request.from();
  if (request.has_to()) wish.step_last = request.to();
  wish.width = request.width() == 0 ? kWidth : request.width();
  return with_origin(metric_series(indexes_, place.folder, wish), place);
}

Outcome Api::checkpoints(const v1::ListCheckpointsRequest& request) {
  CAIRN_ASSIGN(const TaskPlaceFound place, find_task_place(runs(), request.run(), request.stage()));
  CAIRN_ASSIGN(json::object document,
               task_checkpoints(place.folder, request.verify() ? Verify::kBytes : Verify::kSizes));
  CAIRN_ASSIGN(json::object attempts, task_attempts(place.folder));
  document["attempts"] = std::move(attempts.at("attempts"));
  document["work"] = std::move(attempts.at("work"));
  document["bytes"] = std::move(attempts.at("checkpoints"));
  return with_origin(std::move(document), place);
}

}  // namespace cairn::api
