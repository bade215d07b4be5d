#include "core/server/web_server.h"

#include <spdlog/spdlog.h>

#include <fstream>

#include "core/server/access_token.h"
#include "core/server/api/metrics_text.h"
#include "core/server/on_strand.h"
#include "core/server/security/access.h"
#include "core/server/security/access_log.h"
#include "core/server/security/audit.h"
#include "core/server/security/session.h"

namespace cairn {
namespace {

// For answers on their way when the server ends.
constexpr Duration kPatience{2'000};

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  file >> pages >> resident;
  return resident * 4096;
}

std::uint64_t count_open_files() {
  std::error_code error;
  std::uint64_t count = 0;
  for (fs::directory_iterator it("/proc/self/fd", error), end; !error && it != end;
       it.increment(error))
    ++count;
  return count;
}

class Served final : public WebServer {
 public:
  Served(EngineProcess& engine, WebOptions options, const Clock& clock)
      : engine_(engine), options_(std::move(options)), clock_(clock) {}

  ~Served() override {
    if (subscription_) {
      on_strand(engine_.scheduler(), [this] {
        engine_.scheduler().unsubscribe(*subscription_);
        return true;
      });
    }
    if (hub_) hub_->close();
    if (tails_) tails_->close();
    if (door_) {
      const Duration end = clock_.monotonic() + kPatience;
      (void)door_->server().drain([&] { return clock_.monotonic() >= end; });
    }
    look_after();
    door_.reset();
  }

  Result<void> listen() {
    CAIRN_TRY(check_door_options(options_.door));
    CAIRN_TRY(make_or_read_token(options_.state_dir));
    CAIRN_ASSIGN(tokens_, AccessTokens::open(options_.state_dir, clock_));
    CAIRN_ASSIGN(audit_, AuditLog::open(options_.state_dir, clock_));
    if (!options_.access_log.empty()) {
      CAIRN_ASSIGN(access_log_, AccessLog::open(options_.access_log, clock_));
    }
    raise_file_limit();
    hub_ = std::make_unique<api::EventHub>(engine_.scheduler(), engine_.control().runs(),
                                           engine_.store(), clock_);
    tails_ =
        std::make_unique<api::TailHub>(engine_.control().runs(), engine_.api().indexes(), clock_);
    api::HttpDoorOptions door;
    CAIRN_ASSIGN(door.server, server_options(options_.door));
    door.server.observer = [this](const http::Answered& answered) {
      audit_->record(answered);
      if (access_log_) access_log_->record(answered);
    };
    door.access = make_access_check(*tokens_);
    door.session = session_handlers(*tokens_, {.secure = is_secure(options_.door)});
    door.find_page = options_.find_page;
    door.metrics = [this] { return metrics_text(values()); };
    door.not_ready = [this] { return why_not_ready(); };
    count_attempts();
    CAIRN_ASSIGN(door_,
                 api::HttpDoor::open(engine_.api(), *hub_, *tails_, std::move(door), clock_));
    engine_.api().set_http(url());
    return {};
  }

  std::string url() override { return door_->server().url(); }

  void look_after() override {
    if (!tokens_) return;
    if (const auto saved = tokens_->save_uses(); !saved.ok())
      spdlog::warn("when tokens were used is not written down: {}", saved.error().to_string());
  }

 private:
  // Attempts that end, by stage type and cause: both of closed sets.
  void count_attempts() {
    on_strand(engine_.scheduler(), [this] {
      subscription_ = engine_.scheduler().subscribe([this](const RunUpdate& update) {
        if (update.event == nullptr || !update.event->has_attempt_finished()) return;
        const auto& finished = update.event->attempt_finished();
        if (finished.task() >= update.state.tasks.size()) return;
        const std::string& type = update.state.spec_of(update.state.tasks[finished.task()]).uses;
        const std::lock_guard lock(mutex_);
        ++attempts_[{type, finished.cause()}];
      });
      return true;
    });
  }

  std::optional<std::string> why_not_ready() {
    const auto failure =
        on_strand(engine_.scheduler(), [this] { return engine_.scheduler().failure(); });
    return failure ? std::optional(failure->to_string()) : std::nullopt;
  }

  api::MetricValues values() {
    api::MetricValues values;
    values.version = options_.version;
    api::Outcome described = engine_.api().call("Describe", v1::DescribeRequest(), {});
    if (const auto* system = std::get_if<json::object>(&described)) read_system(*system, values);
    if (const auto page = engine_.control().runs().rows().page({}, ~std::size_t{0}, "");
        page.ok()) {
      for (const RunRow& row : page->rows) {
        ++values.runs[row.status];
        if (row.finished_at) continue;
        for (const auto& [status, count] : row.by_status) values.tasks[status] += count;
      }
    }
    {
      const std::lock_guard lock(mutex_);
      values.attempts = attempts_;
    }
    values.timings =
        on_strand(engine_.scheduler(), [this] { return engine_.scheduler().timings(); });
    values.journal_sequence = engine_.store().last_sequence();
    values.resident_bytes = resident_bytes();
    values.open_files = count_open_files();
    values.event_listeners = hub_->listeners();
    values.http = door_->server().counts();
    return values;
  }

  static void read_system(const json::object& system, api::MetricValues& values) {
    if (const auto at = get_string(system, "started_at"); at.ok())
      values.started_at = parse_rfc3339(*at).value_or(WallTime{});
    values.halted = system.contains("failure");
    if (const auto resources = get_object(system, "resources"); resources.ok()) {
      values.cpus = get_uint(**resources, "cpus").value_or(0);
      values.cpus_in_use = get_uint(**resources, "cpus_in_use").value_or(0);
      values.memory_bytes = get_uint(**resources, "memory_bytes").value_or(0);
      values.memory_in_use = get_uint(**resources, "memory_in_use").value_or(0);
    }
    if (const auto disk = get_object(system, "disk"); disk.ok())
      values.disk_free_bytes = get_uint(**disk, "free_bytes").value_or(0);
  }

  EngineProcess& engine_;
  const WebOptions options_;
  const Clock& clock_;
  std::unique_ptr<AccessTokens> tokens_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<AccessLog> access_log_;  // null: none is wanted
  std::unique_ptr<api::EventHub> hub_;
  std::unique_ptr<api::TailHub> tails_;
  std::unique_ptr<api::HttpDoor> door_;
  std::optional<int> subscription_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> attempts_;  // guarded by mutex_
};

}  // namespace

Result<std::unique_ptr<WebServer>> WebServer::start(EngineProcess& engine, WebOptions options,
                                                    const Clock& clock) {
  auto served = std::make_unique<Served>(engine, std::move(options), clock);
  CAIRN_TRY(served->listen());
  return std::unique_ptr<WebServer>(std::move(served));
}

}  // namespace cairn
