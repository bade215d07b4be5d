// EngineLink: a host's end of its stream to the engine. It comes and goes with the engine; what
// must not be lost is in the spool.
//
// Thread contract: connect(), flush() and wait() belong to one thread, and the listener is called
// on it, from within wait(); send() and wake() may be called from any. gRPC's work is done by the
// thread that waits and by the one that sends: a message passes through no other.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "schemas/host.pb.h"

namespace cairn::host {

class EngineLink {
 public:
  struct Listener {
    std::function<void()> connected;  // the first message of a stream left
    std::function<void(v1::EngineCommands)> commands;
    std::function<void()> lost;  // or never came about; exactly once per connect()
  };
  // kSoon: more will follow at once, so it may wait for that, or for flush().
  enum class When { kNow, kSoon };

  EngineLink(const fs::path& socket, const Clock& clock, Listener listener);
  // Ends the stream without calling the listener again.
  ~EngineLink();
  EngineLink(const EngineLink&) = delete;
  EngineLink& operator=(const EngineLink&) = delete;

  // Opens a stream and sends the reports on it, the Hello first. Not while one is open. Reports
  // are serialised HostReports.
  void connect(const std::vector<std::string_view>& reports);
  // In order; what comes while a message is on its way goes together in the next one. Dropped when
  // no stream is open.
  void send(std::string_view report, When when);
  // Sends what waits.
  void flush();

  // Until something has happened, wake() was called, or the time is over.
  void wait(Duration at_most);
  void wake();

 private:
  using Stub = grpc::TemplatedGenericStub<grpc::ByteBuffer, v1::EngineCommands>;
  using Call = grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, v1::EngineCommands>;
  enum Step : std::intptr_t { kStarted = 1, kRead, kWritten, kFinished, kWoken };

  void follow(Step step, bool ok);
  // The following are called with the mutex held.
  void queue(std::string_view report);
  void write();
  void break_off();

  const Clock& clock_;
  Listener listener_;
  std::unique_ptr<Stub> stub_;
  grpc::CompletionQueue queue_;

  // Of the stream, if there is one.
  std::unique_ptr<grpc::ClientContext> context_;
  grpc::Status status_;
  v1::EngineCommands commands_;

  std::mutex mutex_;  // guards what follows
  std::unique_ptr<Call> call_;
  std::deque<std::string> waiting_;  // messages to be
  Duration waiting_since_{};
  grpc::ByteBuffer message_;  // on its way
  int under_way_ = 0;         // steps begun and not followed yet
  bool started_ = false;
  bool writing_ = false;
  bool urgent_ = false;  // something that waits is not to wait
  bool connected_ = false;
  bool broken_ = false;
  std::unique_ptr<grpc::Alarm> alarm_;  // of wake()
};

}  // namespace cairn::host
