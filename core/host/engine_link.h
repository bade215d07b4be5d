// EngineLink: a host's end of its stream to the engine. It comes and goes with the engine; what
// must not be lost is in the spool.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <vector>

#include "core/base/files.h"
#include "schemas/host.grpc.pb.h"

namespace cairn::host {

// Thread-safe. The listener is called from gRPC's threads.
class EngineLink {
 public:
  struct Listener {
    std::function<void()> connected;  // the first report of a stream left
    std::function<void(v1::EngineCommand)> command;
    std::function<void()> lost;  // or never came about; exactly once per connect()
  };

  EngineLink(const fs::path& socket, Listener listener);
  // Ends the stream without calling the listener again.
  ~EngineLink();

  // Opens a stream and sends the reports on it, the Hello first. Not while one is open.
  void connect(std::vector<v1::HostReport> reports);
  // Sent in order; dropped when no stream is open.
  void send(v1::HostReport report);

 private:
  class Stream;
  std::unique_ptr<v1::Hosts::Stub> stub_;
  Listener listener_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace cairn::host
