// The Control service: the methods of core/server/api over gRPC.
#pragma once

#include <condition_variable>
#include <mutex>

#include "core/server/api/api.h"
#include "schemas/control.grpc.pb.h"

namespace cairn {

// Calls come on gRPC's threads; what they need of the scheduler is done on its strand, so the
// io_context must run while the gRPC server does. Call close() before the server is shut down.
class ControlService final : public v1::Control::Service {
 public:
  ControlService(api::Api& api, const RunStore& store) : api_(api), store_(store) {}

  // Ends every Watch that is going on.
  void close();

  // Each method that answers with a document.
#define CAIRN_CONTROL_METHOD(name, request_type)                                   \
  grpc::Status name(grpc::ServerContext* context, const v1::request_type* request, \
                    v1::Document* document) override {                             \
    return answer(#name, *context, *request, *document);                           \
  }
  CAIRN_CONTROL_METHOD(Describe, DescribeRequest)
  CAIRN_CONTROL_METHOD(ListPlugins, ListPluginsRequest)
  CAIRN_CONTROL_METHOD(GetPlugin, GetPluginRequest)
  CAIRN_CONTROL_METHOD(GetWorkflowSchema, GetWorkflowSchemaRequest)
  CAIRN_CONTROL_METHOD(List, ListRequest)
  CAIRN_CONTROL_METHOD(Get, GetRequest)
  CAIRN_CONTROL_METHOD(GetHead, GetRequest)
  CAIRN_CONTROL_METHOD(GetStructure, GetRequest)
  CAIRN_CONTROL_METHOD(GetStates, GetRequest)
  CAIRN_CONTROL_METHOD(GetStage, GetStageRequest)
  CAIRN_CONTROL_METHOD(ListTasks, ListTasksRequest)
  CAIRN_CONTROL_METHOD(GetTimeline, GetTimelineRequest)
  CAIRN_CONTROL_METHOD(Explain, ExplainRequest)
  CAIRN_CONTROL_METHOD(GetWorkflow, GetRequest)
  CAIRN_CONTROL_METHOD(ListEvents, ListEventsRequest)
  CAIRN_CONTROL_METHOD(ListArtifacts, ListArtifactsRequest)
  CAIRN_CONTROL_METHOD(ReadLog, ReadLogRequest)
  CAIRN_CONTROL_METHOD(SearchLog, SearchLogRequest)
  CAIRN_CONTROL_METHOD(ReadLogRange, ReadLogRangeRequest)
  CAIRN_CONTROL_METHOD(ReadRunLog, ReadRunLogRequest)
  CAIRN_CONTROL_METHOD(SearchRunLog, SearchRunLogRequest)
  CAIRN_CONTROL_METHOD(ListMetrics, ListMetricsRequest)
  CAIRN_CONTROL_METHOD(ReadSeries, ReadSeriesRequest)
  CAIRN_CONTROL_METHOD(ListCheckpoints, ListCheckpointsRequest)
  CAIRN_CONTROL_METHOD(ListRollouts, ListRolloutsRequest)
  CAIRN_CONTROL_METHOD(ListRolloutSteps, ListRolloutStepsRequest)
  CAIRN_CONTROL_METHOD(GetRolloutSample, GetRolloutSampleRequest)
  CAIRN_CONTROL_METHOD(GetRolloutGroup, GetRolloutGroupRequest)
  CAIRN_CONTROL_METHOD(GetRolloutQuestion, GetRolloutQuestionRequest)
  CAIRN_CONTROL_METHOD(GetRollout, GetRolloutRequest)
  CAIRN_CONTROL_METHOD(SearchRollouts, SearchRolloutsRequest)
  CAIRN_CONTROL_METHOD(GetArtifact, ArtifactRequest)
  CAIRN_CONTROL_METHOD(ReadRecords, ReadRecordsRequest)
  CAIRN_CONTROL_METHOD(GetRecord, GetRecordRequest)
  CAIRN_CONTROL_METHOD(PreviewArtifact, PreviewArtifactRequest)
  CAIRN_CONTROL_METHOD(Diff, DiffRequest)
  CAIRN_CONTROL_METHOD(Lineage, LineageRequest)
  CAIRN_CONTROL_METHOD(Validate, WorkflowRequest)
  CAIRN_CONTROL_METHOD(Plan, WorkflowRequest)
  CAIRN_CONTROL_METHOD(Submit, SubmitRequest)
  CAIRN_CONTROL_METHOD(Cancel, RunCommand)
  CAIRN_CONTROL_METHOD(Pause, RunCommand)
  CAIRN_CONTROL_METHOD(Unpause, RunCommand)
  CAIRN_CONTROL_METHOD(Approve, ApproveRequest)
  CAIRN_CONTROL_METHOD(Resume, ResumeRequest)
  CAIRN_CONTROL_METHOD(Rerun, RerunRequest)
  CAIRN_CONTROL_METHOD(Fork, ForkRequest)
  CAIRN_CONTROL_METHOD(Delete, DeleteRequest)
  CAIRN_CONTROL_METHOD(CollectGarbage, CollectRequest)
  CAIRN_CONTROL_METHOD(Backup, BackupRequest)
#undef CAIRN_CONTROL_METHOD

  grpc::Status ReadArtifact(grpc::ServerContext* context, const v1::ReadArtifactRequest* request,
                            grpc::ServerWriter<v1::Bytes>* writer) override;
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchItem>* writer) override;

 private:
  grpc::Status answer(const char* method, grpc::ServerContext& context,
                      const google::protobuf::Message& request, v1::Document& document);

  api::Api& api_;
  const RunStore& store_;

  std::mutex mutex_;
  std::condition_variable changed_;  // of every Watch
  bool closed_ = false;              // guarded by mutex_
};

}  // namespace cairn
