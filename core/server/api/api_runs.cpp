// Api: what runs are and did.
#include <unistd.h>

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <charconv>

#include "core/base/text.h"
#include "core/engine/load.h"
#include "core/engine/view.h"
#include "core/server/api/api.h"
#include "core/server/api/states.h"
#include "core/server/disk_use.h"
#include "core/server/on_strand.h"

namespace cairn::api {
namespace {

constexpr std::uint32_t kRunsOnAPage = 100;
constexpr std::uint32_t kTimelinePage = 20'000;
constexpr std::uint32_t kEventsOnAPage = 1'000;
constexpr std::uint32_t kArtifactsOnAPage = 200;
// How long a request measures what runs take, and of how many it tells.
constexpr Duration kMeasuring{3'000};
constexpr std::size_t kLargestRuns = 100;

std::uint32_t or_default(std::uint32_t limit, std::uint32_t otherwise) {
  return limit == 0 ? otherwise : limit;
}

// The filters, as a text that a cursor is bound to.
std::string filters_of(const google::protobuf::Message& request) {
  std::unique_ptr<google::protobuf::Message> filters(request.New());
  filters->CopyFrom(request);
  for (const char* place : {"cursor", "limit", "before"}) {
    if (const auto* field = filters->GetDescriptor()->FindFieldByName(place))
      filters->GetReflection()->ClearField(filters.get(), field);
  }
  return filters->GetTypeName() + filters->SerializeAsString();
}

template <typename Request>
Result<std::uint64_t> place_of(const Request& request) {
  if (request.cursor().empty()) return std::uint64_t{0};
  CAIRN_ASSIGN(const std::string key, read_cursor(request.cursor(), filters_of(request)));
  std::uint64_t place = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), place);
  if (error != std::errc() || end != key.data() + key.size())
    return invalid_argument("'" + printable(request.cursor()) + "' is no cursor of this list",
                            "leave it out, and begin with the first page");
  return place;
}

// A document's next_cursor, made of the place that stands there.
template <typename Request>
void bind_cursor(json::object& document, const Request& request) {
  if (json::value* next = document.if_contains("next_cursor"))
    *next = make_cursor(std::string(next->as_string()), filters_of(request));
}

struct InUse {
  std::uint64_t cpus = 0;
  std::uint64_t memory = 0;
  std::uint64_t gpus = 0;
  std::uint64_t running = 0;
  std::uint64_t queued = 0;
};

// A waiting task could start when all that its stage needs has ended.
bool is_ready(const RunState& state, std::uint32_t stage) {
  return std::ranges::all_of(state.needs[stage],
                             [&](std::uint32_t need) { return state.stages[need].settled(); });
}

void add_use(const RunState& state, InUse& use) {
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    const std::uint64_t running = state.stages[i].in(TaskPhase::kRunning);
    const ResourceSpec& each = state.spec->stages[i].resources;
    use.running += running;
    use.cpus += running * static_cast<std::uint64_t>(each.cpus);
    use.memory += running * each.memory_bytes;
    use.gpus += running * static_cast<std::uint64_t>(each.gpus);
    const std::uint64_t waiting = state.stages[i].in(TaskPhase::kWaiting);
    if (waiting > 0 && !state.paused && is_ready(state, i)) use.queued += waiting;
  }
}

}  // namespace

Outcome Api::describe(const v1::DescribeRequest&) {
  const auto [ids, failure] = on_strand(scheduler_, [&] {
    std::vector<std::string> going_on;
    for (const std::string& id : scheduler_.runs()) {
      if (scheduler_.find(id)->status == RunStatus::kRunning) going_on.push_back(id);
    }
    return std::pair(std::move(going_on), scheduler_.failure());
  });
  InUse use;
  for (const std::string& id : ids) {
    const auto read =
        runs().replicas().with(id, [&](const RunNow& now) { add_use(now.state, use); });
    if (!read.ok() && read.error().code != ErrorCode::kNotFound) return read.error();
  }
  json::object system{{"version", options_.version},
                      {"started_at", format_rfc3339(started_at_)},
                      {"pid", ::getpid()},
                      {"command", options_.command},
                      {"runs", json::value_from(ids)},
                      {"state_dir", options_.state_dir.string()},
                      {"store_dir", runs().store_folder().string()},
                      {"resources",
                       {{"cpus", options_.totals.cpus},
                        {"cpus_in_use", use.cpus},
                        {"memory_bytes", options_.totals.memory_bytes},
                        {"memory_in_use", use.memory},
                        {"gpus", options_.totals.gpus.size()},
                        {"gpus_in_use", use.gpus},
                        {"running", use.running},
                        {"queued", use.queued}}}};
  system["executors"] = json::array{json::object{{"name", "local"}, {"attempts", use.running}}};
  if (failure) system["failure"] = failure->to_string();
  std::error_code unknown;
  if (const auto space = fs::space(runs().store_folder(), unknown); !unknown) {
    system["disk"] = {{"free_bytes", space.available},
                      {"total_bytes", space.capacity},
                      {"free_space_mark", options_.free_space}};
  }
  const std::lock_guard lock(mutex_);
  if (!http_.empty()) system["http"] = http_;
  return system;
}

Outcome Api::disk_use(const v1::DiskUseRequest&) {
  CAIRN_ASSIGN(DiskUse use, measure_store(artifacts_, clock_, kMeasuring));
  std::uint64_t bytes = 0;
  for (const RunDisk& run : use.runs) bytes += run.bytes;
  const std::size_t measured = use.runs.size();
  use.runs.resize(std::min(measured, kLargestRuns));
  std::set<std::string> ids;
  for (const RunDisk& run : use.runs) ids.insert(run.run);
  CAIRN_ASSIGN(const std::vector<RunRow> rows, runs().rows().rows(ids));
  json::array largest;
  for (const RunDisk& run : use.runs) {
    json::object object{{"run", run.run}, {"bytes", run.bytes}, {"files", run.files}};
    const auto row = std::ranges::find(rows, run.run, &RunRow::id);
    if (row != rows.end()) {
      object["name"] = row->name;
      object["status"] = row->status;
    }
    largest.push_back(std::move(object));
  }
  return json::object{{"artifacts", use.artifacts}, {"artifact_bytes", use.artifact_bytes},
                      {"runs", std::move(largest)}, {"measured_runs", measured},
                      {"measured_bytes", bytes},    {"unmeasured_runs", use.unmeasured}};
}

Outcome Api::list(const v1::ListRequest& request) {
  CAIRN_ASSIGN(const RunFilter filter, read_filter(request));
  std::string before = request.before();
  if (!request.cursor().empty()) {
    CAIRN_ASSIGN(before, read_cursor(request.cursor(), filters_of(request)));
  }
  CAIRN_ASSIGN(const RunRows::Page page,
               runs().rows().page(filter, or_default(request.limit(), kRunsOnAPage), before));
  json::array rows;
  for (const RunRow& row : page.rows) rows.push_back(list_row(row));
  json::object list{{"runs", std::move(rows)}};
  if (page.more) list["next_cursor"] = make_cursor(page.rows.back().id, filters_of(request));
  return list;
}

Outcome Api::get(const v1::GetRequest& request) {
  return outcome(runs().get(request.run()));
}

Outcome Api::structure(const v1::GetRequest& request) {
  return outcome(runs().view(request.run(), [](const RunNow& now) -> Result<json::object> {
    return structure_view(now.state);
  }));
}

Outcome Api::states(const v1::GetRequest& request) {
  return outcome(runs().view(request.run(), [](const RunNow& now) -> Result<json::object> {
    return states_view(now.state, now.served);
  }));
}

Outcome Api::stage(const v1::GetStageRequest& request) {
  const TaskPage page{request.offset(), or_default(request.limit(), kTasksOnAPage)};
  return outcome(runs().get_stage(request.run(), request.stage(), page));
}

Outcome Api::tasks(const v1::ListTasksRequest& request) {
  TaskPageWish wish;
  CAIRN_ASSIGN(wish.status, StatusFilter::parse_of_tasks(request.status()));
  wish.q = request.q();
  wish.limit = or_default(request.limit(), kTasksOnAPage);
  CAIRN_ASSIGN(const std::uint64_t place, place_of(request));
  wish.from = static_cast<std::uint32_t>(place);
  CAIRN_ASSIGN(json::object list,
               runs().view(request.run(), [&](const RunNow& now) -> Result<json::object> {
                 return task_list_view(now.state, now.served, now.live, wish);
               }));
  bind_cursor(list, request);
  return list;
}

Outcome Api::timeline(const v1::GetTimelineRequest& request) {
  CAIRN_ASSIGN(const std::uint64_t place, place_of(request));
  CAIRN_ASSIGN(json::object timeline,
               runs().view(request.run(), [&](const RunNow& now) -> Result<json::object> {
                 return timeline_view(now.state, now.served, clock_.now(), place,
                                      or_default(request.limit(), kTimelinePage));
               }));
  bind_cursor(timeline, request);
  return timeline;
}

Outcome Api::explain(const v1::ExplainRequest& request) {
  const TaskPage page{request.offset(), or_default(request.limit(), kTasksOnAPage)};
  return outcome(runs().explain(request.run(), request.stage(), page));
}

Outcome Api::events(const v1::ListEventsRequest& request) {
  CAIRN_ASSIGN(const std::string run, runs().resolve(request.run()));
  const std::uint32_t limit = or_default(request.limit(), kEventsOnAPage);
  CAIRN_ASSIGN(json::object page, event_pages_.read(run, request.after(), limit));
  return page;
}

Outcome Api::artifacts(const v1::ListArtifactsRequest& request) {
  CAIRN_ASSIGN(const std::uint64_t from, place_of(request));
  const std::uint32_t limit = or_default(request.limit(), kArtifactsOnAPage);
  CAIRN_ASSIGN(
      json::object list, runs().view(request.run(), [&](const RunNow& now) -> Result<json::object> {
        json::array artifacts;
        json::object found;
        std::uint64_t place = 0;
        for (std::uint32_t stage = 0; stage < now.state.stages.size(); ++stage) {
          for (std::uint32_t cell = 0; cell < now.state.stages[stage].count; ++cell) {
            const std::uint32_t number = now.state.task_of(stage, cell);
            for (const Artifact& output : now.state.tasks[number].outputs) {
              if (place++ < from) continue;
              if (artifacts.size() == limit) {
                found["next_cursor"] = std::to_string(place - 1);
                found["artifacts"] = std::move(artifacts);
                return found;
              }
              artifacts.push_back(json::object{{"task", task_name(now.state, number)},
                                               {"name", output.name()},
                                               {"kind", output.kind()},
                                               {"digest", output.digest()},
                                               {"bytes", output.bytes()},
                                               {"cached", now.state.tasks[number].cached}});
            }
          }
        }
        found["artifacts"] = std::move(artifacts);
        return found;
      }));
  bind_cursor(list, request);
  return list;
}

}  // namespace cairn::api
