#include "core/host/host.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>

#include "core/base/text.h"
#include "core/sdk/runtime/bounded_log.h"

namespace cairn::host {
namespace {

constexpr Duration kBeat{1000};
constexpr Duration kReconnect{250};
// How long a host that runs nothing, or only waits for its last report to be acknowledged, looks
// for an engine. The report is in the spool by then.
constexpr Duration kIdlePatience{10'000};

constexpr int kReleased = 0;
constexpr int kLeftAlone = 3;
constexpr int kFolderGone = 4;
constexpr int kWouldNotStop = 5;

// Field 22 of /proc/self/stat; the name in field 2 may hold spaces and parentheses.
std::uint64_t own_start_ticks() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream rest(text.substr(text.rfind(')') + 1));
  std::string field;
  for (int i = 3; i < 22; ++i) rest >> field;
  std::uint64_t ticks = 0;
  rest >> ticks;
  return ticks;
}

bool same(const v1::AttemptId& a, const v1::AttemptId& b) {
  return a.run() == b.run() && a.task() == b.task() && a.attempt() == b.attempt() &&
         a.token() == b.token();
}

}  // namespace

Host::Host(Options options, FileSystem& files, const Clock& clock)
    : options_(std::move(options)), files_(files), clock_(clock) {
  EngineLink::Listener listener;
  listener.connected = [this] { push(Connected{}); };
  listener.lost = [this] { push(Lost{}); };
  listener.command = [this](v1::EngineCommand command) { push(std::move(command)); };
  link_ = std::make_unique<EngineLink>(options_.engine, std::move(listener));
}

Host::~Host() = default;

// Every turn takes one thing that happened, or notes that time passed; everything else runs on
// other threads and ends up here as an event.
int Host::serve() {
  alone_since_ = clock_.monotonic();
  while (!exit_code_) {
    if (auto event = next_event())
      std::visit([this](auto&& happened) { handle(std::forward<decltype(happened)>(happened)); },
                 *std::move(event));
    if (!connected_ && !connecting_ && clock_.monotonic() >= next_connect_) connect();
    if (clock_.monotonic() >= next_beat_) beat();
    if (!exit_code_) check_loneliness();
  }
  return *exit_code_;
}

void Host::push(Event event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  changed_.notify_one();
}

void Host::ask_to_end() {
  push(AskedToEnd{});
}

std::optional<Host::Event> Host::next_event() {
  std::unique_lock lock(mutex_);
  if (events_.empty()) {
    Duration wake = next_beat_;
    if (!connected_ && !connecting_) wake = std::min(wake, next_connect_);
    const Duration wait = std::clamp(wake - clock_.monotonic(), Duration(0), kBeat);
    changed_.wait_for(lock, wait, [&] { return !events_.empty(); });
  }
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void Host::connect() {
  v1::HostReport hello;
  if (attempt_) *hello.mutable_attempt() = attempt_->id();
  hello.mutable_hello()->set_host(options_.host);
  hello.mutable_hello()->set_pid(::getpid());
  hello.mutable_hello()->set_pid_start_ticks(own_start_ticks());
  if (!attempt_ || attempt_ended_)
    for (const auto& path : shelf_.loaded()) hello.mutable_hello()->add_plugins_loaded(path);
  std::vector<v1::HostReport> reports{std::move(hello)};
  reports.insert(reports.end(), unacknowledged_.begin(), unacknowledged_.end());
  connecting_ = true;
  link_->connect(std::move(reports));
}

void Host::handle(Connected) {
  connecting_ = false;
  connected_ = true;
}

void Host::handle(Lost) {
  if (connected_) alone_since_ = clock_.monotonic();
  connected_ = false;
  connecting_ = false;
  next_connect_ = clock_.monotonic() + kReconnect;
}

void Host::handle(v1::HostReport report) {
  const bool finished = report.has_finished();
  // What has no number is in no spool and is not sent twice.
  if (report.sequence() > 0) unacknowledged_.push_back(report);
  link_->send(std::move(report));
  if (!finished) return;
  // The last thing an attempt says. The engine may answer with the next assignment at once.
  attempt_ended_ = true;
  ended_at_ = clock_.monotonic();
  if (!unacknowledged_.empty()) return;
  attempt_.reset();
  if (leaving_) exit_code_ = kReleased;
}

void Host::handle(AskedToEnd) {
  if (leaving_) {
    exit_code_ = kWouldNotStop;
    return;
  }
  leaving_ = true;
  if (!attempt_) {
    exit_code_ = kReleased;
  } else if (!attempt_ended_) {
    std::cerr << "cairn-host: asked to end; the stage is told to stop\n";
    attempt_->stop("preempted");
  }
}

void Host::handle(const v1::EngineCommand& command) {
  switch (command.command_case()) {
    case v1::EngineCommand::kAssignment:
      assign(command.assignment());
      break;
    case v1::EngineCommand::kCancel:
      if (attempt_ && same(attempt_->id(), command.cancel().attempt())) attempt_->stop("cancelled");
      break;
    case v1::EngineCommand::kAck:
      acknowledge(command.ack());
      break;
    case v1::EngineCommand::kRelease:
      if (!attempt_ || attempt_ended_) exit_code_ = kReleased;
      leaving_ = true;
      break;
    case v1::EngineCommand::COMMAND_NOT_SET:
      break;
  }
}

void Host::assign(const v1::Assignment& assignment) {
  if (attempt_ && same(attempt_->id(), assignment.attempt())) return;
  if (attempt_ && !attempt_ended_) {
    std::cerr << "cairn-host: an assignment came while another attempt runs; it is left out\n";
    return;
  }
  if (leaving_) return;
  attempt_.reset();
  unacknowledged_.clear();
  attempt_ended_ = false;
  told_to_stop_at_.reset();
  Attempt::Hooks hooks;
  hooks.report = [this](v1::HostReport report) { push(std::move(report)); };
  attempt_ = std::make_unique<Attempt>(files_, clock_, shelf_, assignment, std::move(hooks));
  attempt_->start();
}

void Host::acknowledge(const v1::Ack& ack) {
  if (!attempt_ || !same(attempt_->id(), ack.attempt())) return;
  std::erase_if(unacknowledged_,
                [&](const auto& report) { return report.sequence() <= ack.sequence(); });
  if (!attempt_ended_ || !unacknowledged_.empty()) return;
  attempt_.reset();
  if (leaving_) exit_code_ = kReleased;
}

void Host::beat() {
  next_beat_ = clock_.monotonic() + kBeat;
  if (!folders_exist()) {
    exit_code_ = kFolderGone;
    return;
  }
  if (!attempt_ || attempt_ended_) return;
  shorten_output();
  if (!connected_) return;
  if (auto report = attempt_->heartbeat()) link_->send(*std::move(report));
}

bool Host::folders_exist() const {
  std::error_code error;
  const auto there = [&](const fs::path& path) { return fs::exists(path, error) || error; };
  if (!there(options_.store)) return false;
  return !attempt_ || attempt_ended_ || !attempt_->heartbeat() || there(attempt_->folder().root);
}

void Host::shorten_output() {
  const auto shortened =
      shorten_log(files_, attempt_->folder().output_log(), kLogLimit, [](std::uint64_t left_out) {
        return "\ncairn-host: " + format_bytes(left_out) + " of output left out here";
      });
  // A file that is not there yet has nothing to shorten.
  if (!shortened.ok() && fs::exists(attempt_->folder().output_log()))
    std::cerr << "cairn-host: " << shortened.error().to_string() << '\n';
}

void Host::check_loneliness() {
  const Duration now = clock_.monotonic();
  if (leaving_ && attempt_ended_ && now - ended_at_ >= kIdlePatience) exit_code_ = kReleased;
  if (connected_) return;
  const Duration alone = now - alone_since_;
  if (!attempt_ || attempt_ended_) {
    if (alone >= std::min(kIdlePatience, options_.orphan_timeout)) exit_code_ = kLeftAlone;
    return;
  }
  if (told_to_stop_at_) {
    if (now - *told_to_stop_at_ >= options_.orphan_timeout) exit_code_ = kWouldNotStop;
  } else if (alone >= options_.orphan_timeout) {
    told_to_stop_at_ = now;
    leaving_ = true;
    attempt_->stop("preempted");
  }
}

int serve_engine(const Options& options) {
  // Taken by one thread, below; every other thread is started with them blocked.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // Neither is destroyed: the process ends with _exit, while stages may still run.
  auto* host = new Host(options, real_file_system(), system_clock());
  std::thread([host, signals] {
    for (int signal = 0; ::sigwait(&signals, &signal) == 0;) host->ask_to_end();
  }).detach();
  return host->serve();
}

}  // namespace cairn::host
