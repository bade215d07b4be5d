// EngineLink: a host's end of its stream to the engine. It comes and goes with the engine; what
// must not be lost is in the spool.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "schemas/host.pb.h"

namespace cairn::host {

// connect() and send() are not called at once. The listener is called from gRPC's threads.
class EngineLink {
 public:
  struct Listener {
    std::function<void()> connected;  // the first message of a stream left
    std::function<void(v1::EngineCommands)> commands;
    std::function<void()> lost;  // or never came about; exactly once per connect()
  };
  // kSoon: more will follow at once, so it may wait for that, a millisecond at most.
  enum class When { kNow, kSoon };

  EngineLink(const fs::path& socket, Listener listener);
  // Ends the stream without calling the listener again.
  ~EngineLink();

  // Opens a stream and sends the reports on it, the Hello first. Not while one is open. Reports
  // are serialised HostReports.
  void connect(const std::vector<std::string_view>& reports);
  // In order; what comes while a message is on its way goes together in the next one. Dropped when
  // no stream is open.
  void send(std::string_view report, When when);

 private:
  class Stream;
  using Stub = grpc::TemplatedGenericStub<grpc::ByteBuffer, v1::EngineCommands>;
  std::unique_ptr<Stub> stub_;
  Listener listener_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace cairn::host
