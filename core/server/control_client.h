// RemoteRuns: runs and their control, asked of the engine which holds the store.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "core/base/files.h"
#include "core/server/run_control.h"
#include "core/server/run_source.h"
#include "schemas/control.grpc.pb.h"

namespace cairn {

class RemoteRuns final : public RunSource, public RunControl {
 public:
  // Null where nobody listens on the socket.
  [[nodiscard]] static std::unique_ptr<RemoteRuns> connect(const fs::path& socket);
  // Over TCP: HOST:PORT, or tls://HOST:PORT. kUnavailable: nobody answers there. kConflict: the
  // token is refused.
  [[nodiscard]] static Result<std::unique_ptr<RemoteRuns>> connect_tcp(const std::string& address,
                                                                       const std::string& token,
                                                                       const fs::path& authorities);

  // {"pid", "command", "runs": [...]}
  [[nodiscard]] Result<json::object> describe();

  // Documents of the API as schemas/control.proto names them.
  [[nodiscard]] Result<json::object> ask(const v1::ListTasksRequest& request);
  [[nodiscard]] Result<json::object> ask(const v1::ReadLogRequest& request);
  [[nodiscard]] Result<json::object> ask(const v1::ListMetricsRequest& request);
  [[nodiscard]] Result<json::object> ask(const v1::LineageRequest& request);
  [[nodiscard]] Result<json::object> ask(const v1::DiffRequest& request);
  [[nodiscard]] Result<json::object> ask(const v1::ListPluginsRequest& request);
  [[nodiscard]] Result<json::object> ask(const v1::GetPluginRequest& request);
  [[nodiscard]] Result<json::object> ask(const v1::ArtifactRequest& request);
  [[nodiscard]] Result<json::object> ask(const v1::PreviewArtifactRequest& request);
  // The bytes of an artifact, or of a file of it, piece by piece until the callback fails.
  using OnBytes = std::function<Result<void>(std::string_view bytes)>;
  [[nodiscard]] Result<void> read(const v1::ReadArtifactRequest& request, const OnBytes& on_bytes);

  Result<json::array> list(const v1::ListRequest& request) override;
  Result<json::object> get(const std::string& run) override;
  Result<json::object> get_stage(const std::string& run, const std::string& stage,
                                 const TaskPage& page) override;
  Result<json::object> explain(const std::string& run, const std::string& stage,
                               const TaskPage& page) override;
  Result<void> watch(const std::string& run, const WatchOptions& options,
                     const OnEvent& on_event) override;

  Result<json::object> submit(const WorkflowSpec& workflow, const SubmitOptions& options) override;
  Result<json::object> cancel(const std::string& run, const v1::RequestKey& key) override;
  Result<json::object> pause(const std::string& run, bool paused,
                             const v1::RequestKey& key) override;
  Result<json::object> approve(const std::string& run, const std::string& stage, bool approved,
                               const std::string& by, const v1::RequestKey& key) override;
  Result<json::object> resume(const std::string& run, const ResumeWish& wish) override;
  Result<json::object> derive(const DeriveOptions& options) override;
  Result<json::object> remove(const std::string& run) override;
  Result<json::object> collect(const CollectWish& wish) override;
  Result<json::object> backup(const std::string& folder) override;

 private:
  RemoteRuns(std::unique_ptr<v1::Control::Stub> stub, std::string token)
      : stub_(std::move(stub)), token_(std::move(token)) {}
  void show_token(grpc::ClientContext& context) const;
  template <typename Request>
  Result<json::object> call(grpc::Status (v1::Control::Stub::*method)(grpc::ClientContext*,
                                                                      const Request&,
                                                                      v1::Document*),
                            const Request& request, const std::string& traceparent = {});
  std::unique_ptr<v1::Control::Stub> stub_;
  const std::string token_;  // empty: the socket's own permissions are enough
};

}  // namespace cairn
