#include "core/server/control_client.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "core/server/rpc_error.h"
#include "core/server/socket_path.h"
#include "core/server/tcp_door.h"

namespace cairn {
namespace {

bool somebody_listens(const fs::path& socket) {
  const std::string path = socket.string();
  sockaddr_un address{};
  if (path.size() > kSocketPathLimit) return false;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool connected =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

grpc::ChannelArguments channel_arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // Each process has its own connection, and one call at a time.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return arguments;
}

// The most that the server gives at once.
constexpr std::size_t kRunsOnAPage = 1000;

// A request that names a run.
template <typename Request>
Request request_for(const std::string& run) {
  Request request;
  request.set_run(run);
  return request;
}

template <typename Request>
Request request_for(const std::string& run, const std::string& stage, const TaskPage& page) {
  Request request = request_for<Request>(run);
  request.set_stage(stage);
  request.set_offset(page.offset);
  request.set_limit(page.limit);
  return request;
}

std::string text_of(const std::optional<WorkflowSpec>& workflow) {
  return workflow ? canonical_json(to_json(*workflow)) : std::string();
}

}  // namespace

std::unique_ptr<RemoteRuns> RemoteRuns::connect(const fs::path& socket) {
  if (!somebody_listens(socket)) return nullptr;
  return std::unique_ptr<RemoteRuns>(new RemoteRuns(
      v1::Control::NewStub(grpc::CreateCustomChannel(
          "unix:" + socket.string(), grpc::InsecureChannelCredentials(), channel_arguments())),
      {}));
}

Result<std::unique_ptr<RemoteRuns>> RemoteRuns::connect_tcp(const std::string& address,
                                                            const std::string& token,
                                                            const fs::path& authorities) {
  constexpr std::string_view kTls = "tls://";
  const bool tls = address.starts_with(kTls);
  CAIRN_ASSIGN(const auto channel, tcp_channel(tls ? address.substr(kTls.size()) : address, tls,
                                               authorities, channel_arguments()));
  std::unique_ptr<RemoteRuns> runs(new RemoteRuns(v1::Control::NewStub(channel), token));
  grpc::ClientContext context;
  runs->show_token(context);
  v1::Document document;
  const grpc::Status status = runs->stub_->Describe(&context, {}, &document);
  if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED) {
    return conflict("the engine at " + address + " refuses the token",
                    "put what its STATE_DIR/token holds into $CAIRN_TOKEN");
  }
  if (!status.ok()) {
    return make_error(ErrorCode::kUnavailable,
                      "no engine answers at " + address + ": " + status.error_message(),
                      "start one with: cairn serve --listen " + address);
  }
  return runs;
}

void RemoteRuns::show_token(grpc::ClientContext& context) const {
  if (!token_.empty()) context.AddMetadata("authorization", "Bearer " + token_);
}

template <typename Request>
Result<json::object> RemoteRuns::call(
    grpc::Status (v1::Control::Stub::*method)(grpc::ClientContext*, const Request&, v1::Document*),
    const Request& request, const std::string& traceparent) {
  grpc::ClientContext context;
  show_token(context);
  if (!traceparent.empty()) context.AddMetadata("traceparent", traceparent);
  v1::Document document;
  const grpc::Status status = ((*stub_).*method)(&context, request, &document);
  if (!status.ok()) return from_status(status);
  return parse_json_object(document.json());
}

Result<json::object> RemoteRuns::describe() {
  return call(&v1::Control::Stub::Describe, v1::DescribeRequest());
}

Result<json::object> RemoteRuns::ask(const v1::ListTasksRequest& request) {
  return call(&v1::Control::Stub::ListTasks, request);
}
Result<json::object> RemoteRuns::ask(const v1::ReadLogRequest& request) {
  return call(&v1::Control::Stub::ReadLog, request);
}
Result<json::object> RemoteRuns::ask(const v1::ListMetricsRequest& request) {
  return call(&v1::Control::Stub::ListMetrics, request);
}
Result<json::object> RemoteRuns::ask(const v1::LineageRequest& request) {
  return call(&v1::Control::Stub::Lineage, request);
}
Result<json::object> RemoteRuns::ask(const v1::DiffRequest& request) {
  return call(&v1::Control::Stub::Diff, request);
}
Result<json::object> RemoteRuns::ask(const v1::ListPluginsRequest& request) {
  return call(&v1::Control::Stub::ListPlugins, request);
}
Result<json::object> RemoteRuns::ask(const v1::GetPluginRequest& request) {
  return call(&v1::Control::Stub::GetPlugin, request);
}
Result<json::object> RemoteRuns::ask(const v1::ArtifactRequest& request) {
  return call(&v1::Control::Stub::GetArtifact, request);
}
Result<json::object> RemoteRuns::ask(const v1::PreviewArtifactRequest& request) {
  return call(&v1::Control::Stub::PreviewArtifact, request);
}

Result<void> RemoteRuns::read(const v1::ReadArtifactRequest& request, const OnBytes& on_bytes) {
  grpc::ClientContext context;
  show_token(context);
  const auto reader = stub_->ReadArtifact(&context, request);
  Result<void> taken;
  for (v1::Bytes piece; taken.ok() && reader->Read(&piece);) taken = on_bytes(piece.bytes());
  if (!taken.ok()) context.TryCancel();
  const grpc::Status status = reader->Finish();
  if (!taken.ok()) return taken;
  return status.ok() ? Result<void>() : from_status(status);
}

Result<json::array> RemoteRuns::list(const v1::ListRequest& wanted) {
  v1::ListRequest request = wanted;
  json::array runs;
  // The server gives a page at a time.
  for (;;) {
    const std::size_t left = wanted.limit() == 0 ? kRunsOnAPage : wanted.limit() - runs.size();
    request.set_limit(static_cast<std::uint32_t>(std::min<std::size_t>(left, kRunsOnAPage)));
    CAIRN_ASSIGN(json::object page, call(&v1::Control::Stub::List, request));
    CAIRN_ASSIGN(const json::array* rows, get_array(page, "runs"));
    for (const json::value& row : *rows) runs.push_back(row);
    const bool full = wanted.limit() > 0 && runs.size() >= wanted.limit();
    if (full || !page.contains("next_cursor")) return runs;
    CAIRN_ASSIGN(const std::string last, get_string(runs.back().as_object(), "id"));
    request.set_before(last);
  }
}

Result<json::object> RemoteRuns::get(const std::string& run) {
  return call(&v1::Control::Stub::Get, request_for<v1::GetRequest>(run));
}

Result<json::object> RemoteRuns::get_stage(const std::string& run, const std::string& stage,
                                           const TaskPage& page) {
  return call(&v1::Control::Stub::GetStage, request_for<v1::GetStageRequest>(run, stage, page));
}

Result<json::object> RemoteRuns::explain(const std::string& run, const std::string& stage,
                                         const TaskPage& page) {
  return call(&v1::Control::Stub::Explain, request_for<v1::ExplainRequest>(run, stage, page));
}

Result<void> RemoteRuns::watch(const std::string& run, const WatchOptions& options,
                               const OnEvent& on_event) {
  grpc::ClientContext context;
  show_token(context);
  if (options.limit) context.set_deadline(std::chrono::system_clock::now() + *options.limit);
  v1::WatchRequest request;
  request.set_run(run);
  request.set_after(options.after);
  request.set_progress(options.progress);
  request.set_follow(options.follow);
  const auto reader = stub_->Watch(&context, request);
  v1::WatchItem item;
  bool wanted = true;
  while (wanted && reader->Read(&item)) {
    WatchEvent event;
    event.sequence = item.sequence();
    if (event.sequence != 0) {
      CAIRN_ASSIGN(event.event, parse_json_object(item.json()));
    }
    wanted = on_event(event);
  }
  if (!wanted) {
    context.TryCancel();
    (void)reader->Finish();
    return {};
  }
  const grpc::Status status = reader->Finish();
  if (status.ok()) return {};
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) return timed_out();
  return from_status(status);
}

Result<json::object> RemoteRuns::submit(const WorkflowSpec& workflow,
                                        const SubmitOptions& options) {
  v1::SubmitRequest request;
  request.set_workflow_json(canonical_json(to_json(workflow)));
  request.set_request_id(options.request_id);
  request.set_priority(options.priority);
  request.set_environment_json(options.environment_json);
  return call(&v1::Control::Stub::Submit, request, options.traceparent);
}

// The engine makes the digest of a key itself.
Result<json::object> RemoteRuns::cancel(const std::string& run, const v1::RequestKey& key) {
  auto request = request_for<v1::RunCommand>(run);
  request.set_request_id(key.id());
  return call(&v1::Control::Stub::Cancel, request);
}

Result<json::object> RemoteRuns::pause(const std::string& run, bool paused,
                                       const v1::RequestKey& key) {
  auto request = request_for<v1::RunCommand>(run);
  request.set_request_id(key.id());
  return call(paused ? &v1::Control::Stub::Pause : &v1::Control::Stub::Unpause, request);
}

Result<json::object> RemoteRuns::approve(const std::string& run, const std::string& stage,
                                         bool approved, const std::string& by,
                                         const v1::RequestKey& key) {
  v1::ApproveRequest request;
  request.set_request_id(key.id());
  request.set_run(run);
  request.set_stage(stage);
  request.set_approved(approved);
  request.set_by(by);
  return call(&v1::Control::Stub::Approve, request);
}

Result<json::object> RemoteRuns::resume(const std::string& run, const ResumeWish& wish) {
  v1::ResumeRequest request;
  request.set_run(run);
  request.set_workflow_json(text_of(wish.options.workflow));
  request.set_from(wish.options.from.value_or(""));
  request.set_dry_run(wish.dry_run);
  request.set_accept_changed_plugins(wish.options.accept_changed_plugins);
  request.set_request_id(wish.options.key.id());
  return call(&v1::Control::Stub::Resume, request);
}

Result<json::object> RemoteRuns::derive(const DeriveOptions& options) {
  const auto fill = [&](auto& request) {
    request.set_run(options.run);
    request.set_workflow_json(text_of(options.workflow));
    request.set_request_id(options.request_id);
    request.set_environment_json(options.environment_json);
    request.set_accept_changed_plugins(options.accept_changed_plugins);
  };
  if (!options.fork) {
    v1::RerunRequest request;
    fill(request);
    request.set_from(options.stage);
    return call(&v1::Control::Stub::Rerun, request, options.traceparent);
  }
  v1::ForkRequest request;
  fill(request);
  request.set_stage(options.stage);
  if (options.step >= 0) request.set_step(options.step);
  return call(&v1::Control::Stub::Fork, request, options.traceparent);
}

Result<json::object> RemoteRuns::remove(const std::string& run) {
  return call(&v1::Control::Stub::Delete, request_for<v1::DeleteRequest>(run));
}

Result<json::object> RemoteRuns::collect(const CollectWish& wish) {
  v1::CollectRequest request;
  request.set_dry_run(wish.dry_run);
  request.set_quota_bytes(wish.quota_bytes);
  for (const std::string& rule : wish.keep_best) request.add_keep_best(rule);
  return call(&v1::Control::Stub::CollectGarbage, request);
}

Result<json::object> RemoteRuns::backup(const std::string& folder) {
  v1::BackupRequest request;
  request.set_folder(folder);
  return call(&v1::Control::Stub::Backup, request);
}

}  // namespace cairn
