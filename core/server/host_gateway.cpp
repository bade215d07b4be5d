#include "core/server/host_gateway.h"

#include <utility>

namespace cairn {

// Deletes itself when gRPC is done with it. Fields are guarded by the gateway's mutex; report_ is
// touched by the read in flight only.
class HostGateway::Stream final
    : public grpc::ServerBidiReactor<v1::HostReport, v1::EngineCommand> {
 public:
  explicit Stream(HostGateway& gateway) : gateway_(gateway) { StartRead(&report_); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      const std::lock_guard lock(gateway_.mutex_);
      finish(grpc::Status::OK);
      return;
    }
    {
      const std::lock_guard lock(gateway_.mutex_);
      if (finished_) return;
      if (host_.empty() && !attach()) return;
    }
    if (gateway_.on_report_) gateway_.on_report_(host_, std::move(report_));
    report_ = {};
    StartRead(&report_);
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(gateway_.mutex_);
    writing_ = false;
    if (!ok) {
      finish(grpc::Status::OK);
      return;
    }
    if (finished_) return;
    Host& host = gateway_.hosts_[host_];
    if (!host.commands.empty()) host.commands.pop_front();
    write_next(host);
  }

  void OnDone() override {
    {
      const std::lock_guard lock(gateway_.mutex_);
      const auto host = gateway_.hosts_.find(host_);
      if (host != gateway_.hosts_.end() && host->second.stream == this) {
        host->second.stream = nullptr;
      }
    }
    delete this;
  }

  // The following are called with the mutex held.
  void write_next(Host& host) {
    if (writing_ || finished_ || host.commands.empty()) return;
    writing_ = true;
    command_ = host.commands.front();
    StartWrite(&command_);
  }
  void finish(const grpc::Status& status) {
    if (!std::exchange(finished_, true)) Finish(status);
  }

 private:
  bool attach() {
    if (!report_.has_hello() || report_.hello().host().empty()) {
      finish({grpc::StatusCode::INVALID_ARGUMENT, "the first report is no Hello"});
      return false;
    }
    host_ = report_.hello().host();
    Host& host = gateway_.hosts_[host_];
    if (host.stream != nullptr) {
      host.stream->finish({grpc::StatusCode::ABORTED, "the host attached again"});
    }
    host.stream = this;
    write_next(host);
    return true;
  }

  HostGateway& gateway_;
  v1::HostReport report_;
  v1::EngineCommand command_;
  std::string host_;
  bool writing_ = false;
  bool finished_ = false;
};

void HostGateway::send(const std::string& host, const v1::EngineCommand& command) {
  const std::lock_guard lock(mutex_);
  Host& entry = hosts_[host];
  entry.commands.push_back(command);
  if (entry.stream != nullptr) entry.stream->write_next(entry);
}

void HostGateway::forget(const std::string& host) {
  const std::lock_guard lock(mutex_);
  const auto entry = hosts_.find(host);
  if (entry == hosts_.end()) return;
  if (entry->second.stream != nullptr) entry->second.stream->finish(grpc::Status::OK);
  hosts_.erase(entry);
}

grpc::ServerBidiReactor<v1::HostReport, v1::EngineCommand>* HostGateway::Attach(
    grpc::CallbackServerContext* context) {
  (void)context;
  return new Stream(*this);
}

}  // namespace cairn
