// HostGateway: the engine's end of the streams to its hosts, one Attach call each.
#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/engine/host_link.h"
#include "schemas/host.grpc.pb.h"

namespace cairn {

// Commands for a host wait here until it attaches, and again when its stream broke; a host that
// attaches anew takes the place of its old stream. Thread-safe; reports arrive on gRPC's threads.
// Must outlive the gRPC server that serves it.
class HostGateway final : public HostLink, public v1::Hosts::CallbackService {
 public:
  void send(const std::string& host, const v1::EngineCommand& command) override;
  void forget(const std::string& host) override;
  void on_report(OnReport callback) override { on_report_ = std::move(callback); }

  grpc::ServerBidiReactor<v1::HostReport, v1::EngineCommand>* Attach(
      grpc::CallbackServerContext* context) override;

 private:
  class Stream;
  struct Host {
    Stream* stream = nullptr;
    std::deque<v1::EngineCommand> commands;  // the first may be on its way
  };

  OnReport on_report_;
  std::mutex mutex_;  // guards what follows, and the fields of every Stream
  std::map<std::string, Host> hosts_;
};

}  // namespace cairn
