#include "core/server/control_client.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "core/server/rpc_error.h"
#include "core/server/socket_path.h"

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

v1::RunRequest request_for(const std::string& run) {
  v1::RunRequest request;
  request.set_run(run);
  return request;
}

Result<json::object> object_of(const grpc::Status& status, const v1::Document& document) {
  if (!status.ok()) return from_status(status);
  return parse_json_object(document.json());
}

}  // namespace

std::unique_ptr<RemoteRuns> RemoteRuns::connect(const fs::path& socket) {
  if (!somebody_listens(socket)) return nullptr;
  return std::unique_ptr<RemoteRuns>(new RemoteRuns(v1::Control::NewStub(
      grpc::CreateChannel("unix:" + socket.string(), grpc::InsecureChannelCredentials()))));
}

Result<json::object> RemoteRuns::describe() {
  grpc::ClientContext context;
  v1::Document document;
  return object_of(stub_->Describe(&context, v1::DescribeRequest(), &document), document);
}

Result<json::object> RemoteRuns::cancel(const std::string& run) {
  grpc::ClientContext context;
  v1::Document document;
  return object_of(stub_->Cancel(&context, request_for(run), &document), document);
}

Result<json::array> RemoteRuns::list() {
  grpc::ClientContext context;
  v1::Document document;
  const grpc::Status status = stub_->List(&context, v1::ListRequest(), &document);
  if (!status.ok()) return from_status(status);
  CAIRN_ASSIGN(json::value value, parse_json(document.json()));
  if (!value.is_array()) return internal_error("the engine's list is no array");
  return std::move(value.as_array());
}

Result<json::object> RemoteRuns::get(const std::string& run) {
  grpc::ClientContext context;
  v1::Document document;
  return object_of(stub_->Get(&context, request_for(run), &document), document);
}

Result<json::object> RemoteRuns::explain(const std::string& run) {
  grpc::ClientContext context;
  v1::Document document;
  return object_of(stub_->Explain(&context, request_for(run), &document), document);
}

Result<void> RemoteRuns::watch(const std::string& run, std::uint64_t after, bool progress,
                               const OnEvent& on_event) {
  grpc::ClientContext context;
  v1::WatchRequest request;
  request.set_run(run);
  request.set_after(after);
  request.set_progress(progress);
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
  if (!status.ok()) return from_status(status);
  return {};
}

}  // namespace cairn
