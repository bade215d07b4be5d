// The Control service over a scheduler, for other cairn processes of this machine.
#pragma once

#include <condition_variable>
#include <mutex>

#include "core/engine/scheduler.h"
#include "core/server/run_control.h"
#include "schemas/control.grpc.pb.h"

namespace cairn {

// Calls come on gRPC's threads; what they need of the scheduler is done on its strand, so the
// io_context must run while the gRPC server does. Call close() before the server is shut down.
class ControlService final : public v1::Control::Service {
 public:
  ControlService(Scheduler& scheduler, const RunStore& store, EngineControl& control,
                 std::string command)
      : scheduler_(scheduler), store_(store), control_(control), command_(std::move(command)) {}

  // Ends every Watch that is going on.
  void close();

  grpc::Status Describe(grpc::ServerContext* context, const v1::DescribeRequest* request,
                        v1::Document* document) override;
  grpc::Status List(grpc::ServerContext* context, const v1::ListRequest* request,
                    v1::Document* document) override;
  grpc::Status Get(grpc::ServerContext* context, const v1::RunRequest* request,
                   v1::Document* document) override;
  grpc::Status Explain(grpc::ServerContext* context, const v1::RunRequest* request,
                       v1::Document* document) override;
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchItem>* writer) override;

  grpc::Status Submit(grpc::ServerContext* context, const v1::SubmitRequest* request,
                      v1::Document* document) override;
  grpc::Status Cancel(grpc::ServerContext* context, const v1::RunRequest* request,
                      v1::Document* document) override;
  grpc::Status Pause(grpc::ServerContext* context, const v1::PauseRequest* request,
                     v1::Document* document) override;
  grpc::Status Approve(grpc::ServerContext* context, const v1::ApproveRequest* request,
                       v1::Document* document) override;
  grpc::Status Resume(grpc::ServerContext* context, const v1::ResumeRequest* request,
                      v1::Document* document) override;
  grpc::Status Derive(grpc::ServerContext* context, const v1::DeriveRequest* request,
                      v1::Document* document) override;
  grpc::Status Delete(grpc::ServerContext* context, const v1::RunRequest* request,
                      v1::Document* document) override;
  grpc::Status CollectGarbage(grpc::ServerContext* context, const v1::CollectRequest* request,
                              v1::Document* document) override;
  grpc::Status Backup(grpc::ServerContext* context, const v1::BackupRequest* request,
                      v1::Document* document) override;

 private:
  Scheduler& scheduler_;
  const RunStore& store_;
  EngineControl& control_;
  std::string command_;

  std::mutex mutex_;
  std::condition_variable changed_;  // of every Watch
  bool closed_ = false;              // guarded by mutex_
};

}  // namespace cairn
