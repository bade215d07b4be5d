#include "core/server/host_gateway.h"

#include <iterator>
#include <utility>

namespace cairn {
namespace {

// Well below the 4 MiB that gRPC takes.
constexpr std::size_t kMessageBytes = 1 << 20;

std::vector<v1::HostReport> take(v1::HostReports& message) {
  auto& reports = *message.mutable_reports();
  return {std::make_move_iterator(reports.begin()), std::make_move_iterator(reports.end())};
}

}  // namespace

// Deletes itself when gRPC is done with it. Fields are guarded by the gateway's mutex; reports_ is
// touched by the read in flight only.
class HostGateway::Stream final
    : public grpc::ServerBidiReactor<v1::HostReports, v1::EngineCommands> {
 public:
  explicit Stream(HostGateway& gateway) : gateway_(gateway) { StartRead(&reports_); }

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
    if (gateway_.on_reports_) gateway_.on_reports_(host_, take(reports_));
    reports_.Clear();
    StartRead(&reports_);
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(gateway_.mutex_);
    if (!ok) {
      give_back();
      finish(grpc::Status::OK);
      return;
    }
    writing_ = false;
    commands_.Clear();
    if (!finished_) write_next(gateway_.hosts_[host_]);
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
    std::size_t bytes = 0;
    for (; !host.commands.empty() && bytes < kMessageBytes; host.commands.pop_front()) {
      bytes += host.commands.front().ByteSizeLong();
      *commands_.add_commands() = std::move(host.commands.front());
    }
    StartWrite(&commands_);
  }
  void finish(const grpc::Status& status) {
    if (!std::exchange(finished_, true)) Finish(status);
  }

  // What is on its way comes first on the host's next stream; if it arrives after all, the host
  // knows it when it comes again.
  void give_back() {
    const auto host = gateway_.hosts_.find(host_);
    if (!writing_ || host == gateway_.hosts_.end()) return;
    writing_ = false;
    const auto& unsent = commands_.commands();
    host->second.commands.insert(host->second.commands.begin(), unsent.begin(), unsent.end());
  }

 private:
  bool attach() {
    const bool greets = reports_.reports_size() > 0 && reports_.reports(0).has_hello();
    if (!greets || reports_.reports(0).hello().host().empty()) {
      finish({grpc::StatusCode::INVALID_ARGUMENT, "the first report is no Hello"});
      return false;
    }
    host_ = reports_.reports(0).hello().host();
    Host& host = gateway_.hosts_[host_];
    if (host.stream != nullptr) {
      host.stream->give_back();
      host.stream->finish({grpc::StatusCode::ABORTED, "the host attached again"});
    }
    host.stream = this;
    write_next(host);
    return true;
  }

  HostGateway& gateway_;
  v1::HostReports reports_;
  v1::EngineCommands commands_;  // on their way
  std::string host_;
  bool writing_ = false;
  bool finished_ = false;
};

void HostGateway::send(const std::string& host, std::vector<v1::EngineCommand> commands) {
  const std::lock_guard lock(mutex_);
  Host& entry = hosts_[host];
  std::move(commands.begin(), commands.end(), std::back_inserter(entry.commands));
  if (entry.stream != nullptr) entry.stream->write_next(entry);
}

void HostGateway::forget(const std::string& host) {
  const std::lock_guard lock(mutex_);
  const auto entry = hosts_.find(host);
  if (entry == hosts_.end()) return;
  if (entry->second.stream != nullptr) entry->second.stream->finish(grpc::Status::OK);
  hosts_.erase(entry);
}

grpc::ServerBidiReactor<v1::HostReports, v1::EngineCommands>* HostGateway::Attach(
    grpc::CallbackServerContext* context) {
  (void)context;
  return new Stream(*this);
}

}  // namespace cairn
