// HostGateway: the engine's end of the streams to its hosts, one Attach call each.
#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/engine/host_link.h"
#include "schemas/host.grpc.pb.h"

namespace cairn {

// Commands for a host wait here until it attaches, and again when its stream broke, those included
// that were on their way then; a host that attaches anew takes the place of its old stream. What
// waits goes out together. Thread-safe; reports arrive on gRPC's threads.
// Must outlive the gRPC server that serves it.
class HostGateway final : public HostLink, public v1::Hosts::CallbackService {
 public:
  void send(const std::string& host, std::vector<v1::EngineCommand> commands) override;
  void forget(const std::string& host) override;
  void on_reports(OnReports callback) override { on_reports_ = std::move(callback); }

  grpc::ServerBidiReactor<v1::HostReports, v1::EngineCommands>* Attach(
      grpc::CallbackServerContext* context) override;

 private:
  class Stream;
  struct Host {
    Stream* stream = nullptr;
    std::deque<v1::EngineCommand> commands;
  };

  OnReports on_reports_;
  std::mutex mutex_;  // guards what follows, and the fields of every Stream
  std::map<std::string, Host> hosts_;
};

}  // namespace cairn
