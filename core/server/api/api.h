// Api: the methods of schemas/control.proto that answer with a document, over the engine of this
// process. gRPC (control_service.h) and HTTP (http_door.h) call them by name.
//
// Thread-safe; methods may block for as long as the disk does. Never call one on the scheduler's
// strand, nor while nothing runs the io_context.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/artifacts/content_store.h"
#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/plugin/manifest.h"
#include "core/server/api/event_pages.h"
#include "core/server/api/outcome.h"
#include "core/server/api/repeat.h"
#include "core/server/api/run_head.h"
#include "core/server/api/task_place.h"
#include "core/server/reading/indexes.h"
#include "core/server/reading/log_merge.h"
#include "core/server/reading/open_file.h"
#include "core/server/reading/rollouts/rollouts.h"
#include "core/server/run_control.h"
#include "core/workflow/check.h"
#include "schemas/control.pb.h"

namespace cairn::api {

struct ApiOptions {
  fs::path state_dir;
  fs::path scratch;  // a private folder that is there: what indexes cannot keep elsewhere
  fs::path host_program;
  std::vector<fs::path> plugin_dirs;
  fs::path working_folder = ".";  // against which submitted texts resolve relative paths
  std::string version;
  std::string command;  // of this process
  // What is noted with a run that is submitted here (core/cli/capture.h).
  std::function<json::object(const WorkflowSpec&)> capture = [](const auto&) {
    return json::object();
  };
  ResourceTotals totals;
  std::uint64_t free_space = 0;
};

class Api {
 public:
  // All outlive it.
  Api(Scheduler& scheduler, const RunStore& store, EngineControl& control, ApiOptions options,
      const Clock& clock = system_clock());

  // request: of the method's type. A method that is none is kInternal.
  [[nodiscard]] Outcome call(std::string_view method, const google::protobuf::Message& request,
                             const Caller& caller);
  // Whether call() knows it.
  [[nodiscard]] static bool knows(std::string_view method);

  // Bytes to be sent as they are.
  [[nodiscard]] Result<OpenFile> open_file(const v1::ReadArtifactRequest& request);
  [[nodiscard]] Result<OpenFile> open_log_file(const v1::DownloadLogRequest& request);

  // Where this process answers over HTTP; for Describe.
  void set_http(std::string url);

  [[nodiscard]] EngineRuns& runs() { return control_.runs(); }
  [[nodiscard]] Scheduler& scheduler() { return scheduler_; }
  [[nodiscard]] Indexes& indexes() { return indexes_; }

 private:
  friend class Methods;

  // Reading: api_runs.cpp.
  Outcome describe(const v1::DescribeRequest& request);
  Outcome disk_use(const v1::DiskUseRequest& request);
  Outcome list(const v1::ListRequest& request);
  Outcome get(const v1::GetRequest& request);
  Outcome head(const v1::GetRequest& request);  // api_head.cpp
  Outcome structure(const v1::GetRequest& request);
  Outcome states(const v1::GetRequest& request);
  Outcome stage(const v1::GetStageRequest& request);
  Outcome tasks(const v1::ListTasksRequest& request);
  Outcome timeline(const v1::GetTimelineRequest& request);
  Outcome explain(const v1::ExplainRequest& request);
  Outcome events(const v1::ListEventsRequest& request);
  Outcome artifacts(const v1::ListArtifactsRequest& request);

  // What tasks wrote: api_files.cpp.
  Outcome log(const v1::ReadLogRequest& request);
  Outcome log_hits(const v1::SearchLogRequest& request);
  Outcome run_log(const v1::ReadRunLogRequest& request);
  Outcome run_log_hits(const v1::SearchRunLogRequest& request);
  [[nodiscard]] Result<json::object> merged_log(const std::string& run, const std::string& stage,
                                                MergedLogRequest wish);
  Outcome log_bytes(const v1::ReadLogRangeRequest& request);
  Outcome metrics(const v1::ListMetricsRequest& request);
  Outcome series(const v1::ReadSeriesRequest& request);
  Outcome checkpoints(const v1::ListCheckpointsRequest& request);

  // api_rollouts.cpp.
  Outcome rollouts(const v1::ListRolloutsRequest& request);
  Outcome rollout_steps(const v1::ListRolloutStepsRequest& request);
  Outcome rollout_sample(const v1::GetRolloutSampleRequest& request);
  Outcome rollout_group(const v1::GetRolloutGroupRequest& request);
  Outcome rollout_question(const v1::GetRolloutQuestionRequest& request);
  Outcome rollout(const v1::GetRolloutRequest& request);
  Outcome rollout_hits(const v1::SearchRolloutsRequest& request);
  struct OpenRollouts {
    TaskPlaceFound place;
    reading::Rollouts rollouts;
  };
  [[nodiscard]] Result<OpenRollouts> open_rollouts(const std::string& run,
                                                   const std::string& stage);

  // api_artifacts.cpp.
  Outcome artifact(const v1::ArtifactRequest& request);
  Outcome records(const v1::ReadRecordsRequest& request);
  Outcome record(const v1::GetRecordRequest& request);
  Outcome preview(const v1::PreviewArtifactRequest& request);
  Outcome diff(const v1::DiffRequest& request);
  Outcome lineage(const v1::LineageRequest& request);
  [[nodiscard]] Result<std::shared_ptr<const json::object>> lineage_of(const std::string& run);

  // Workflows and plugins: api_workflows.cpp.
  Outcome plugins(const v1::ListPluginsRequest& request);
  Outcome plugin(const v1::GetPluginRequest& request);
  Outcome workflow_schema(const v1::GetWorkflowSchemaRequest& request);
  Outcome validate(const v1::WorkflowRequest& request);
  Outcome plan(const v1::WorkflowRequest& request);
  Outcome workflow(const v1::GetRequest& request);

  // Changing: api_changes.cpp.
  Outcome submit(const v1::SubmitRequest& request, const Caller& caller);
  Outcome cancel(const v1::RunCommand& request, const Caller& caller);
  Outcome pause(const v1::RunCommand& request, const Caller& caller);
  Outcome unpause(const v1::RunCommand& request, const Caller& caller);
  Outcome set_paused(std::string_view method, const v1::RunCommand& request, bool paused);
  Outcome approve(const v1::ApproveRequest& request, const Caller& caller);
  Outcome resume(const v1::ResumeRequest& request, const Caller& caller);
  Outcome resume_with(const v1::ResumeRequest& request, const v1::RequestKey& key);
  Outcome rerun(const v1::RerunRequest& request, const Caller& caller);
  Outcome fork(const v1::ForkRequest& request, const Caller& caller);
  Outcome remove(const v1::DeleteRequest& request, const Caller& caller);
  Outcome collect(const v1::CollectRequest& request, const Caller& caller);
  Outcome backup(const v1::BackupRequest& request, const Caller& caller);

  // Of the newest older run of its name; null where there is none.
  [[nodiscard]] Result<std::shared_ptr<const EarlierRun>> earlier_run(const std::string& run);
  [[nodiscard]] std::optional<Saved> saved_by_reuse(const std::string& run,
                                                    const ReusedTasks& reused);

  using SharedRegistry = std::shared_ptr<const Registry>;
  // Of the plugin folders; read again where that was some seconds ago.
  [[nodiscard]] Result<SharedRegistry> registry();
  // A text that was sent, checked.
  struct SentWorkflow {
    std::string text;
    std::string params;  // JSON text of an object, or empty
    std::optional<std::uint64_t> seed;
    std::string from_run;  // empty: relative paths are of the server's folder
  };
  [[nodiscard]] Result<CheckedWorkflow> check(const SentWorkflow& sent, bool identify);
  // The workflow of a run with other parameters; nothing where none are asked for.
  struct Revised {
    std::optional<WorkflowSpec> workflow;
    std::optional<Failure> failure;
  };
  [[nodiscard]] Result<Revised> revise(const std::string& run, const std::string& params);
  [[nodiscard]] Result<void> expect(const std::string& run, const std::string& status);
  struct Derivation {
    DeriveOptions options;
    bool dry_run = false;
    std::string params;
    std::string workflow_json;
  };
  Outcome derive(Derivation derivation);
  Outcome once(json::object begun, const std::string& request_id, const Asked& asked);
  // A command that may be sent again with the same key: `act` does it, `again` says what it did.
  using Act = std::function<Outcome(const v1::RequestKey& key)>;
  using Again = std::function<Outcome(const Repeat& repeat)>;
  Outcome repeatable(std::string_view method, const std::string& run,
                     const google::protobuf::Message& request, const std::string& request_id,
                     const Act& act, const Again& again);
  Outcome row_now(const std::string& run);

  Scheduler& scheduler_;
  const RunStore& store_;
  EngineControl& control_;
  const ApiOptions options_;
  const Clock& clock_;
  const WallTime started_at_;
  const ContentStore artifacts_;
  Indexes indexes_;
  EventPages event_pages_;
  std::mutex commands_;  // held while one with a key is looked for and carried out
  std::mutex mutex_;     // of all below
  SharedRegistry registry_;
  Duration registry_at_{};
  std::string http_;
  std::map<std::string, std::shared_ptr<const json::object>> lineages_;  // of runs that succeeded
  std::map<std::string, std::shared_ptr<const EarlierRun>> earlier_;     // of runs that have ended
  // By run, with the number of tasks that it reused.
  std::map<std::string, std::pair<std::size_t, Saved>> saved_;
  struct KeptRollouts {
    std::shared_ptr<reading::RolloutSource> source;
    std::uint64_t used = 0;
  };
  std::map<std::string, KeptRollouts> rollouts_;  // by folder
  std::uint64_t rollout_uses_ = 0;
};

}  // namespace cairn::api
