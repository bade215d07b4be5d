#include "core/server/api/api.h"

#include <map>

namespace cairn::api {
namespace {

constexpr Duration kRegistryGood{2'000};

}  // namespace

Failure::Failure(const Diagnostics& diagnostics)
    : error(invalid_argument("the workflow has " + std::to_string(diagnostics.errors()) +
                             (diagnostics.errors() == 1 ? " error" : " errors"))),
      unprocessable(true) {
  json::object document = diagnostics.to_json();
  places = std::move(document.at("diagnostics").as_array());
}

// The table of methods by name.
class Methods {
 public:
  using Call = std::function<Outcome(Api& api, const google::protobuf::Message& request,
                                     const Caller& caller)>;

  static const Methods& all() {
    static const Methods kMethods;
    return kMethods;
  }
  [[nodiscard]] const Call* find(std::string_view name) const {
    const auto found = calls_.find(name);
    return found == calls_.end() ? nullptr : &found->second;
  }

 private:
  Methods() {
    add("Describe", &Api::describe);
    add("GetDiskUse", &Api::disk_use);
    add("ListPlugins", &Api::plugins);
    add("GetPlugin", &Api::plugin);
    add("GetWorkflowSchema", &Api::workflow_schema);
    add("List", &Api::list);
    add("Get", &Api::get);
    add("GetHead", &Api::head);
    add("GetStructure", &Api::structure);
    add("GetStates", &Api::states);
    add("GetStage", &Api::stage);
    add("ListTasks", &Api::tasks);
    add("GetTimeline", &Api::timeline);
    add("Explain", &Api::explain);
    add("GetWorkflow", &Api::workflow);
    add("ListEvents", &Api::events);
    add("ListArtifacts", &Api::artifacts);
    add("ReadLog", &Api::log);
    add("SearchLog", &Api::log_hits);
    add("ReadLogRange", &Api::log_bytes);
    add("ReadRunLog", &Api::run_log);
    add("SearchRunLog", &Api::run_log_hits);
    add("ListMetrics", &Api::metrics);
    add("ReadSeries", &Api::series);
    add("ListCheckpoints", &Api::checkpoints);
    add("ListRollouts", &Api::rollouts);
    add("ListRolloutSteps", &Api::rollout_steps);
    add("GetRolloutSample", &Api::rollout_sample);
    add("GetRolloutGroup", &Api::rollout_group);
    add("GetRolloutQuestion", &Api::rollout_question);
    add("GetRollout", &Api::rollout);
    add("SearchRollouts", &Api::rollout_hits);
    add("GetArtifact", &Api::artifact);
    add("ReadRecords", &Api::records);
    add("GetRecord", &Api::record);
    add("PreviewArtifact", &Api::preview);
    add("Diff", &Api::diff);
    add("Lineage", &Api::lineage);
    add("Validate", &Api::validate);
    add("Plan", &Api::plan);
    add("Submit", &Api::submit);
    add("Cancel", &Api::cancel);
    add("Pause", &Api::pause);
    add("Unpause", &Api::unpause);
    add("Approve", &Api::approve);
    add("Resume", &Api::resume);
    add("Rerun", &Api::rerun);
    add("Fork", &Api::fork);
    add("Delete", &Api::remove);
    add("CollectGarbage", &Api::collect);
    add("Backup", &Api::backup);
  }

  template <typename Request>
  static const Request& as(const google::protobuf::Message& message) {
    return *google::protobuf::DynamicCastToGenerated<Request>(&message);
  }
  template <typename Request>
  void add(const char* name, Outcome (Api::*method)(const Request&)) {
    calls_[name] = [method](Api& api, const google::protobuf::Message& request, const Caller&) {
      return (api.*method)(as<Request>(request));
    };
  }
  template <typename Request>
  void add(const char* name, Outcome (Api::*method)(const Request&, const Caller&)) {
    calls_[name] = [method](Api& api, const google::protobuf::Message& request,
                            const Caller& caller) {
      return (api.*method)(as<Request>(request), caller);
    };
  }

  std::map<std::string, Call, std::less<>> calls_;
};

Api::Api(Scheduler& scheduler, const RunStore& store, EngineControl& control, ApiOptions options,
         const Clock& clock)
    : scheduler_(scheduler),
      store_(store),
      control_(control),
      options_(std::move(options)),
      clock_(clock),
      started_at_(clock.now()),
      artifacts_(control.runs().store_folder()),
      indexes_(options_.scratch, Indexes::Limits(), clock),
      event_pages_(store) {}

bool Api::knows(std::string_view method) {
  return Methods::all().find(method) != nullptr;
}

Outcome Api::call(std::string_view method, const google::protobuf::Message& request,
                  const Caller& caller) {
  const Methods::Call* found = Methods::all().find(method);
  if (found == nullptr) return internal_error("there is no method " + std::string(method));
  return (*found)(*this, request, caller);
}

void Api::set_http(std::string url) {
  const std::lock_guard lock(mutex_);
  http_ = std::move(url);
}

Result<Api::SharedRegistry> Api::registry() {
  const std::lock_guard lock(mutex_);
  const Duration now = clock_.monotonic();
  if (registry_ && now - registry_at_ < kRegistryGood) return registry_;
  CAIRN_ASSIGN(Registry scanned, Registry::scan(options_.plugin_dirs, options_.host_program));
  registry_ = std::make_shared<const Registry>(std::move(scanned));
  registry_at_ = now;
  return registry_;
}

}  // namespace cairn::api
