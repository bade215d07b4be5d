#include "core/host/host.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>
#include <utility>

#include "core/base/boundary.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn::host {
namespace {

constexpr Duration kBeat{1000};
// A stage that takes all the memory there is does so within seconds.
constexpr Duration kLook{100};
constexpr Duration kReconnect{250};
// That an attempt has begun is said with its end, or this long after its order came.
constexpr Duration kFlush{5};
// How long a host that runs nothing, or only waits for its last report to be acknowledged, looks
// for an engine. The report is in the spool by then.
constexpr Duration kIdlePatience{10'000};

constexpr int kReleased = 0;
constexpr int kLeftAlone = 3;
constexpr int kFolderGone = 4;
constexpr int kWouldNotStop = 5;
constexpr int kOutgrown = 6;

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

}  // namespace

Host::Host(Options options, FileSystem& files, const Clock& clock)
    : options_(std::move(options)),
      files_(files),
      clock_(clock),
      folder_(host_folder(options_.store, options_.host)),
      link_(options_.engine, clock,
            {.connected = [this] { on_connected(); },
             .commands = [this](v1::EngineCommands commands) { on_commands(std::move(commands)); },
             .lost = [this] { on_lost(); }}) {}

// Every turn takes what has come from the engine, and notes that time passed. Reports go from the
// worker to the outbox.
int Host::serve() {
  if (!open_folder()) return kFolderGone;
  outbox_.emplace(files_, folder_.spool(), link_);
  shop_.emplace(Workshop{
      .files = files_,
      .clock = clock_,
      .shelf = shelf_,
      .capture = capture_,
      .temp = folder_.tmp(),
      .claims = Claims(files_, folder_.claims(), [this] { return outbox_->settled(); }),
      .fingerprints = {},
      .limits = {},
      .report = [this](v1::HostReport report, bool may_wait) {
        outbox_->add(std::move(report), may_wait || worker_->has_more() ? EngineLink::When::kSoon
                                                                        : EngineLink::When::kNow);
      }});
  worker_.emplace(*shop_);
  worker_->start();
  alone_since_ = clock_.monotonic();
  next_beat_ = alone_since_ + kBeat;
  while (!exit_code_) {
    if (!connected_ && !connecting_ && clock_.monotonic() >= next_connect_) connect();
    link_.wait(time_to_wait());
    while (asked_ < asks_ && !exit_code_) on_asked();
    if (flush_at_ && clock_.monotonic() >= *flush_at_) flush();
    leave_if_done();
    if (!exit_code_ && clock_.monotonic() >= next_look_) check_memory();
    if (!exit_code_ && clock_.monotonic() >= next_beat_) beat();
  }
  // An engine that is not there reads the spool when it returns.
  outbox_->sync();
  if (released_ && outbox_->empty()) {
    remove_folder();
  } else {
    sync_folder();
  }
  return *exit_code_;
}

// An engine that came after the one which started this host does not know of it.
void Host::remove_folder() {
  const PersistenceBoundary boundary(Boundary::kSpoolTrim);
  const auto removed = files_.remove_all(folder_.root);
  if (!removed.ok()) std::cerr << "cairn-host: " << removed.error().to_string() << '\n';
}

// As the spool: durable once there is no engine that has what is in it.
void Host::sync_folder() {
  if (!has_folder_) return;
  const PersistenceBoundary boundary(Boundary::kAttemptPrepare);
  const auto synced = [&]() -> Result<void> {
    CAIRN_TRY(files_.sync(folder_.root.parent_path()));
    return files_.sync(options_.store);
  }();
  if (!synced.ok()) std::cerr << "cairn-host: " << synced.error().to_string() << '\n';
}

// False when there is no store. A disk that is full is no reason to end.
bool Host::open_folder() {
  std::error_code error;
  if (!fs::exists(options_.store, error) && !error) return false;
  const PersistenceBoundary boundary(Boundary::kAttemptPrepare);
  const auto opened = [&]() -> Result<void> {
    CAIRN_TRY(files_.make_directories(folder_.root));
    has_folder_ = true;
    return capture_.open(folder_.output_log());
  }();
  if (!opened.ok()) std::cerr << "cairn-host: " << opened.error().to_string() << '\n';
  return true;
}

void Host::ask_to_end() {
  ++asks_;
  link_.wake();
}

Duration Host::time_to_wait() const {
  // An idle host has nothing to look at.
  Duration until = worker_->idle() ? next_beat_ : std::min(next_beat_, next_look_);
  if (!connected_ && !connecting_) until = std::min(until, next_connect_);
  if (flush_at_) until = std::min(until, *flush_at_);
  return std::clamp(until - clock_.monotonic(), Duration(0), kBeat);
}

void Host::flush() {
  flush_at_.reset();
  link_.flush();
  if (worker_->has_more()) flush_at_ = clock_.monotonic() + kFlush;
}

void Host::connect() {
  v1::HostReport report;
  auto* hello = report.mutable_hello();
  hello->set_host(options_.host);
  hello->set_pid(::getpid());
  hello->set_pid_start_ticks(own_start_ticks());
  for (const auto& path : shelf_.loaded()) hello->add_plugins_loaded(path);
  // Before the reports: an attempt that ends in between is in both, not in none.
  for (auto& id : worker_->orders()) *hello->add_orders() = std::move(id);
  connecting_ = true;
  outbox_->connect(report);
}

void Host::on_connected() {
  connecting_ = false;
  connected_ = true;
  outbox_->connected();
}

void Host::on_lost() {
  if (connected_) {
    alone_since_ = clock_.monotonic();
    outbox_->lost();
    sync_folder();
  }
  connected_ = false;
  connecting_ = false;
  next_connect_ = clock_.monotonic() + kReconnect;
}

void Host::on_asked() {
  if (asked_++ > 0 && !worker_->idle()) {
    exit_code_ = kWouldNotStop;
    return;
  }
  recall();
  if (worker_->stop("preempted"))
    std::cerr << "cairn-host: asked to end; the stage is told to stop\n";
  leave();
}

void Host::on_commands(v1::EngineCommands commands) {
  for (auto& command : *commands.mutable_commands()) {
    // Whatever else comes may be about orders before it.
    if (!command.has_assignment()) hand_over();
    handle(command);
  }
  hand_over();
}

void Host::hand_over() {
  if (orders_.empty()) return;
  worker_->add(std::exchange(orders_, {}));
  flush_at_ = clock_.monotonic() + kFlush;
}

void Host::handle(v1::EngineCommand& command) {
  switch (command.command_case()) {
    case v1::EngineCommand::kStage: {
      const std::uint32_t number = command.stage().work();
      works_[number] = std::make_shared<Work>(std::move(*command.mutable_stage()));
      break;
    }
    case v1::EngineCommand::kAssignment:
      assign(std::move(*command.mutable_assignment()));
      break;
    case v1::EngineCommand::kCancel:
      cancel(command.cancel().attempt());
      break;
    case v1::EngineCommand::kAck:
      for (const auto& id : outbox_->acknowledge(command.ack().sequence())) {
        const auto run = in_hand_.find(id.run());
        if (run == in_hand_.end()) continue;
        run->second.erase(id.token());
        if (run->second.empty()) in_hand_.erase(run);
      }
      break;
    case v1::EngineCommand::kRelease:
      released_ = true;
      leave();
      break;
    case v1::EngineCommand::kRecall:
      recall();
      break;
    case v1::EngineCommand::COMMAND_NOT_SET:
      break;
  }
}

void Host::assign(v1::Assignment assignment) {
  // Sent again by an engine that could not know it had arrived.
  const v1::AttemptId& id = assignment.attempt();
  if (!in_hand_[id.run()].insert(id.token()).second) return;
  const auto work = works_.find(assignment.work());
  if (leaving_) {
    outbox_->add(returned(id));
  } else if (work == works_.end()) {
    outbox_->add(never_began(id, clock_, "error",
                             "the assignment names stage work " +
                                 std::to_string(assignment.work()) +
                                 ", which was not sent to this host"));
  } else {
    orders_.push_back({std::move(assignment), work->second});
  }
}

void Host::cancel(const v1::AttemptId& id) {
  if (worker_->take(id)) {
    outbox_->add(never_began(id, clock_, "cancelled", "it was cancelled before it began"));
  } else {
    worker_->stop(id, "cancelled");
  }
}

void Host::recall() {
  for (const Order& order : worker_->take_all()) outbox_->add(returned(order.assignment.attempt()));
}

void Host::leave() {
  if (!std::exchange(leaving_, true)) worker_->when_idle([this] { link_.wake(); });
}

void Host::leave_if_done() {
  if (exit_code_ || !leaving_ || !worker_->idle()) return;
  if (outbox_->empty() || (released_ && outbox_->safe())) exit_code_ = kReleased;
}

void Host::beat() {
  next_beat_ = clock_.monotonic() + kBeat;
  if (!folders_exist()) {
    exit_code_ = kFolderGone;
    return;
  }
  outbox_->retry();
  const auto heartbeat = worker_->beat();
  if (heartbeat && connected_) outbox_->pass(*heartbeat);
  check_patience();
  if (!exit_code_ && !connected_) check_loneliness();
}

void Host::check_memory() {
  next_look_ = clock_.monotonic() + kLook;
  auto report = worker_->outgrown(memory_.taken());
  if (!report) return;
  std::cerr << "cairn-host: " << report->finished().failure_message() << '\n';
  recall();
  outbox_->add(std::move(*report));
  exit_code_ = kOutgrown;
}

bool Host::folders_exist() const {
  std::error_code error;
  const fs::path& ours = has_folder_ ? folder_.root : options_.store;
  return (fs::exists(ours, error) || error) && worker_->folder_exists();
}

// Of a host that is leaving and only waits for its last reports to be acknowledged.
void Host::check_patience() {
  const auto idle_since = worker_->idle_since();
  if (leaving_ && idle_since && outbox_->safe() &&
      clock_.monotonic() - *idle_since >= kIdlePatience)
    exit_code_ = kReleased;
}

void Host::check_loneliness() {
  const Duration now = clock_.monotonic();
  const Duration alone = now - alone_since_;
  if (worker_->idle()) {
    if (alone >= std::min(kIdlePatience, options_.orphan_timeout)) exit_code_ = kLeftAlone;
  } else if (told_to_stop_at_) {
    if (now - *told_to_stop_at_ >= options_.orphan_timeout) exit_code_ = kWouldNotStop;
  } else if (alone >= options_.orphan_timeout) {
    told_to_stop_at_ = now;
    recall();
    worker_->stop("preempted");
    leave();
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
