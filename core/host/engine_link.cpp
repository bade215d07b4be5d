#include "core/host/engine_link.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpc/support/time.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <array>
#include <utility>

namespace cairn::host {
namespace {

using google::protobuf::internal::WireFormatLite;

constexpr const char* kMethod = "/cairn.v1.Hosts/Attach";
// Well below the 4 MiB that gRPC takes.
constexpr std::size_t kMessageBytes = 1 << 20;
// What may wait waits no longer once more comes.
constexpr Duration kSoonest{1};
// Followed before the caller looks at its clock again.
constexpr int kAtOnce = 64;

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

void* tag_of(std::intptr_t step) {
  return reinterpret_cast<void*>(step);  // NOLINT(performance-no-int-to-ptr)
}

// On a clock that nobody sets.
gpr_timespec in(Duration time) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_millis(time.count(), GPR_TIMESPAN));
}

}  // namespace

EngineLink::EngineLink(const fs::path& socket, const Clock& clock, Listener listener)
    : clock_(clock), listener_(std::move(listener)) {
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
  listener_ = {[] {}, [](const v1::EngineCommands&) {}, [] {}};
  if (context_) context_->TryCancel();
  if (alarm_) alarm_->Cancel();
  void* tag = nullptr;
  bool ok = false;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (under_way_ == 0) break;
    }
    if (queue_.Next(&tag, &ok)) follow(static_cast<Step>(reinterpret_cast<std::intptr_t>(tag)), ok);
  }
  queue_.Shutdown();
  while (queue_.Next(&tag, &ok)) {
  }
}

void EngineLink::connect(const std::vector<std::string_view>& reports) {
  const std::lock_guard lock(mutex_);
  started_ = writing_ = urgent_ = connected_ = broken_ = false;
  waiting_.clear();
  for (const auto report : reports) queue(report);
  context_ = std::make_unique<grpc::ClientContext>();
  call_ = stub_->PrepareCall(context_.get(), kMethod, &queue_);
  ++under_way_;
  call_->StartCall(tag_of(kStarted));
}

void EngineLink::send(std::string_view report, When when) {
  const std::lock_guard lock(mutex_);
  if (!call_ || broken_) return;
  queue(report);
  const bool due =
      when == When::kNow || waiting_.size() > 1 || clock_.monotonic() - waiting_since_ >= kSoonest;
  urgent_ = urgent_ || due;
  if (urgent_) write();
}

void EngineLink::flush() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return;
  urgent_ = true;
  write();
}

void EngineLink::wait(Duration at_most) {
  void* tag = nullptr;
  bool ok = false;
  gpr_timespec until = in(at_most);
  for (int i = 0; i < kAtOnce; ++i) {
    if (queue_.AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT) return;
    follow(static_cast<Step>(reinterpret_cast<std::intptr_t>(tag)), ok);
    until = in(Duration(0));  // whatever else is there already
  }
}

void EngineLink::wake() {
  const std::lock_guard lock(mutex_);
  if (alarm_) return;
  ++under_way_;
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(&queue_, in(Duration(0)), tag_of(kWoken));
}

void EngineLink::follow(Step step, bool ok) {
  bool connected = false;
  bool ended = false;
  {
    const std::lock_guard lock(mutex_);
    --under_way_;
    if (step == kWoken) {
      alarm_.reset();
      return;
    }
    if (step == kFinished) {
      call_.reset();
      waiting_.clear();
      ended = true;
    } else if (!ok) {
      break_off();
    } else if (step == kStarted) {
      started_ = true;
      ++under_way_;
      call_->Read(&commands_, tag_of(kRead));
      write();
    } else if (step == kWritten) {
      writing_ = false;
      connected = !std::exchange(connected_, true);
      if (urgent_) write();
    } else {
      ++under_way_;  // the next read, which is begun below
    }
    const int ours = under_way_ - (alarm_ ? 1 : 0);
    if (broken_ && call_ && ours == 0) {
      ++under_way_;
      call_->Finish(&status_, tag_of(kFinished));
    }
  }
  if (ended) listener_.lost();
  if (connected) listener_.connected();
  if (step != kRead || !ok) return;
  listener_.commands(std::exchange(commands_, {}));
  call_->Read(&commands_, tag_of(kRead));
}

void EngineLink::queue(std::string_view report) {
  if (waiting_.empty()) waiting_since_ = clock_.monotonic();
  if (waiting_.empty() || waiting_.back().size() >= kMessageBytes) waiting_.emplace_back();
  append_report(report, waiting_.back());
}

void EngineLink::write() {
  if (!started_ || writing_ || broken_ || waiting_.empty()) return;
  writing_ = true;
  urgent_ = waiting_.size() > 1;
  const grpc::Slice bytes(waiting_.front());
  waiting_.pop_front();
  waiting_since_ = clock_.monotonic();
  message_ = grpc::ByteBuffer(&bytes, 1);
  ++under_way_;
  call_->Write(message_, tag_of(kWritten));
}

void EngineLink::break_off() {
  if (std::exchange(broken_, true)) return;
  context_->TryCancel();
}

}  // namespace cairn::host
