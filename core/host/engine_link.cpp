#include "core/host/engine_link.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/alarm.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

namespace cairn::host {
namespace {

using Time = std::chrono::system_clock::time_point;
using google::protobuf::internal::WireFormatLite;

constexpr const char* kMethod = "/cairn.v1.Hosts/Attach";
// Well below the 4 MiB that gRPC takes.
constexpr std::size_t kMessageBytes = 1 << 20;
constexpr std::chrono::milliseconds kSoon{1};

// A serialised HostReports is its reports one after the other, each behind its tag and its length.
void append_report(std::string_view report, std::string& reports) {
  std::array<std::uint8_t, 12> head;
  std::uint8_t* end = google::protobuf::io::CodedOutputStream::WriteTagToArray(
      WireFormatLite::MakeTag(v1::HostReports::kReportsFieldNumber,
                              WireFormatLite::WIRETYPE_LENGTH_DELIMITED),
      head.data());
  end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(
      static_cast<std::uint32_t>(report.size()), end);
  reports.append(head.data(), end);
  reports += report;
}

}  // namespace

// One Attach call. gRPC may call it until OnDone returns; end() waits for that, and only then may
// it be destroyed.
class EngineLink::Stream final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, v1::EngineCommands> {
 public:
  Stream(Stub& stub, const Listener& listener, const std::vector<std::string_view>& reports)
      : listener_(listener) {
    stub.PrepareBidiStreamingCall(&context_, kMethod, {}, this);
    // Kept until the stream breaks, so that send() may start writes at any time.
    AddHold();
    StartRead(&commands_);
    {
      const std::lock_guard lock(mutex_);
      for (const auto report : reports) queue(report);
      write();
    }
    StartCall();
  }

  void send(std::string_view report, When when) {
    const std::lock_guard lock(mutex_);
    if (broken_) return;
    queue(report);
    if (when == When::kNow) urgent_ = true;
    write_when_due();
  }

  void end() {
    {
      const std::lock_guard lock(mutex_);
      silent_ = true;
    }
    context_.TryCancel();
    if (alarm_) alarm_->Cancel();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ && !armed_; });
  }

  void OnWriteDone(bool ok) override {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
      if (!ok) {
        break_off();
      } else {
        first = !std::exchange(connected_, true) && !silent_;
        write_when_due();
      }
    }
    if (first) listener_.connected();
  }

  void OnReadDone(bool ok) override {
    bool silent = false;
    {
      const std::lock_guard lock(mutex_);
      if (!ok) break_off();
      silent = silent_;
    }
    if (!ok) return;
    if (!silent) listener_.commands(std::exchange(commands_, {}));
    StartRead(&commands_);
  }

  void OnDone(const grpc::Status&) override {
    bool silent = false;
    {
      const std::lock_guard lock(mutex_);
      silent = silent_;
    }
    if (!silent) listener_.lost();
    // Notified under the lock: the waiter destroys this object.
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }

 private:
  // The following are called with the mutex held.
  void queue(std::string_view report) {
    if (waiting_.empty() || waiting_.back().size() >= kMessageBytes) waiting_.emplace_back();
    append_report(report, waiting_.back());
  }
  void write_when_due() {
    if (writing_ || waiting_.empty()) return;
    const Time due = written_ + kSoon;
    if (urgent_ || waiting_.size() > 1 || std::chrono::system_clock::now() >= due) return write();
    if (armed_ || broken_ || silent_) return;
    armed_ = true;
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(due, [this](bool) { on_due(); });
  }
  void on_due() {
    const std::lock_guard lock(mutex_);
    armed_ = false;
    if (!writing_) write();
    changed_.notify_all();
  }
  void write() {
    if (waiting_.empty() || broken_) return;
    writing_ = true;
    urgent_ = waiting_.size() > 1;
    written_ = std::chrono::system_clock::now();
    const grpc::Slice bytes(waiting_.front());
    waiting_.pop_front();
    message_ = grpc::ByteBuffer(&bytes, 1);
    StartWrite(&message_);
  }
  void break_off() {
    if (std::exchange(broken_, true)) return;
    RemoveHold();
  }

  grpc::ClientContext context_;
  const Listener& listener_;
  v1::EngineCommands commands_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::string> waiting_;  // messages to be
  grpc::ByteBuffer message_;         // on its way
  Time written_;                     // when it began
  std::unique_ptr<grpc::Alarm> alarm_;
  bool armed_ = false;
  bool urgent_ = false;  // something that waits is not to wait
  bool writing_ = false;
  bool connected_ = false;
  bool broken_ = false;
  bool silent_ = false;
  bool done_ = false;
};

EngineLink::EngineLink(const fs::path& socket, Listener listener) : listener_(std::move(listener)) {
  grpc::ChannelArguments arguments;
  // An engine that returns is found within a second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  stub_ = std::make_unique<Stub>(grpc::CreateCustomChannel(
      "unix:" + socket.string(), grpc::InsecureChannelCredentials(), arguments));
}

EngineLink::~EngineLink() {
  if (stream_) stream_->end();
}

void EngineLink::connect(const std::vector<std::string_view>& reports) {
  if (stream_) stream_->end();
  stream_ = std::make_unique<Stream>(*stub_, listener_, reports);
}

void EngineLink::send(std::string_view report, When when) {
  if (stream_) stream_->send(report, when);
}

}  // namespace cairn::host
