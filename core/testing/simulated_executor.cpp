#include "core/testing/simulated_executor.h"

#include <algorithm>
#include <limits>

namespace cairn::testing {

std::vector<std::string> SimulatedExecutor::living() const {
  std::vector<std::string> names;
  for (const auto& [name, host] : hosts_) names.push_back(name);
  for (const auto& [name, host] : ghosts_) names.push_back(name);
  return names;
}

std::string SimulatedExecutor::describe() const {
  std::string text;
  for (const auto* hosts : {&hosts_, &ghosts_}) {
    for (const auto& [name, host] : *hosts) {
      text += "\n  host " + name + (hosts == &ghosts_ ? " ghost" : "") +
              (host.hung ? " hung" : "") + (host.haunted ? " haunted" : "") +
              (host.begun ? " at step " + std::to_string(host.step) : "") + ", " +
              std::to_string(host.orders.size()) + " orders, " +
              std::to_string(host.commands.size()) + " commands, " +
              std::to_string(host.wire.size()) + " on the wire, " +
              std::to_string(host.unacknowledged.size()) + " not acknowledged";
    }
  }
  return text;
}

Result<HostHandle> SimulatedExecutor::start(const HostRequest& request) {
  if (refuse_starts) return make_error(ErrorCode::kIo, "no more processes");
  requests.push_back(request);
  Host& host = hosts_[request.host];
  host.handle = {.host = request.host,
                 .executor = "simulated",
                 .pid = ++last_pid_,
                 .pid_start_ticks = 7,
                 .job = {}};
  host.wire.push_back(hello(host));
  return host.handle;
}

void SimulatedExecutor::kill(const HostHandle& handle) {
  const auto found = hosts_.find(handle.host);
  if (found == hosts_.end()) return;
  if (found->second.haunted) ghosts_[handle.host] = found->second;
  end(handle.host, {.host = handle.host, .signal = 9});
}

bool SimulatedExecutor::adopt(const HostHandle& handle) {
  const auto found = hosts_.find(handle.host);
  return found != hosts_.end() && found->second.handle.pid == handle.pid;
}

void SimulatedExecutor::end(const std::string& name, HostExit exit) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end()) return;
  if (found->second.begun) ++crashes_while_working;
  hosts_.erase(found);
  if (exit_) exit_(std::move(exit));
}

void SimulatedExecutor::crash(const std::string& host, bool oom) {
  ghosts_.erase(host);
  end(host, {.host = host, .oom = oom, .signal = 9});
}

void SimulatedExecutor::hang(const std::string& host) {
  if (hosts_.contains(host)) hosts_[host].hung = true;
}

void SimulatedExecutor::haunt(const std::string& host) {
  if (hosts_.contains(host)) hosts_[host].haunted = true;
}

void SimulatedExecutor::disconnect() {
  exit_ = nullptr;
  reports_ = nullptr;
  for (auto& [name, host] : hosts_) {
    host.commands.clear();
    host.wire.clear();
    host.attached = false;
    spools_[name].synced = spools_[name].reports.size();
  }
}

void SimulatedExecutor::power_cut() {
  for (auto& [name, file] : spools_) {
    if (file.synced == file.reports.size()) continue;
    file.reports.resize(file.synced);
    std::erase_if(finished_, [&](const auto& entry) { return entry.second == name; });
  }
  disconnect();
  for (auto& [name, host] : hosts_) {
    if (host.begun) ++crashes_while_working;
  }
  hosts_.clear();
  ghosts_.clear();
}

v1::HostReport SimulatedExecutor::hello(const Host& host) const {
  v1::HostReport report;
  report.mutable_hello()->set_host(host.handle.host);
  report.mutable_hello()->set_pid(host.handle.pid);
  for (const Order& order : host.orders)
    *report.mutable_hello()->add_orders() = order.work.attempt();
  return report;
}

void SimulatedExecutor::reconnect(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end()) return;
  Host& host = found->second;
  if (host.attached) host.commands.clear();
  host.attached = false;
  host.wire.clear();
  host.wire.push_back(hello(host));
  for (const v1::HostReport& report : host.unacknowledged) host.wire.push_back(report);
}

void SimulatedExecutor::attach_all() {
  for (const std::string& name : living()) reconnect(name);
}

void SimulatedExecutor::double_last(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end() || found->second.wire.empty()) return;
  found->second.wire.push_back(found->second.wire.back());
}

void SimulatedExecutor::swap_last(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end() || found->second.wire.size() < 2) return;
  auto& wire = found->second.wire;
  std::swap(wire[wire.size() - 1], wire[wire.size() - 2]);
}

bool SimulatedExecutor::deliver(const std::string& name, std::size_t most) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end() || found->second.wire.empty() || !reports_) return false;
  auto& wire = found->second.wire;
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, wire.size()));
  std::vector<v1::HostReport> reports(wire.begin(), wire.begin() + count);
  wire.erase(wire.begin(), wire.begin() + count);
  for (const v1::HostReport& report : reports) {
    found->second.attached = found->second.attached || report.has_hello();
  }
  reports_(name, std::move(reports));
  return true;
}

void SimulatedExecutor::deliver_all() {
  for (const std::string& name : living()) deliver(name);
}

void SimulatedExecutor::beat(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end() || found->second.hung || !reports_) return;
  v1::HostReport report;
  if (found->second.begun) {
    *report.mutable_attempt() = found->second.orders.front().work.attempt();
    report.mutable_heartbeat()->mutable_progress()->set_done(
        static_cast<std::uint64_t>(found->second.step));
  } else {
    report.mutable_heartbeat();
  }
  reports_(name, {report});
}

void SimulatedExecutor::send(const std::string& name, std::vector<v1::EngineCommand> commands) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end()) return;
  for (v1::EngineCommand& command : commands) {
    if (on_command) on_command(name, command);
    found->second.commands.push_back(std::move(command));
  }
}

void SimulatedExecutor::forget(const std::string& host) {
  if (hosts_.contains(host)) violations.push_back("a living host was forgotten");
}

Result<std::vector<v1::HostReport>> SimulatedExecutor::read(const std::string& host,
                                                            std::uint64_t after) {
  std::vector<v1::HostReport> reports;
  for (const v1::HostReport& report : spools_[host].reports) {
    if (report.sequence() > after) reports.push_back(report);
  }
  return reports;
}

Result<std::vector<std::string>> SimulatedExecutor::list() {
  std::vector<std::string> names;
  for (const auto& [name, file] : spools_) names.push_back(name);
  return names;
}

void SimulatedExecutor::remove(const std::string& host) {
  const auto living = hosts_.find(host);
  if (living != hosts_.end() && !living->second.orders.empty()) {
    violations.push_back("the spool of a host at work was removed");
  }
  spools_.erase(host);
}

void SimulatedExecutor::spool(Host& host, v1::HostReport report, const v1::AttemptId& attempt) {
  *report.mutable_attempt() = attempt;
  report.set_sequence(++host.last);
  const std::string& name = host.handle.host;
  host.wire.push_back(report);
  host.unacknowledged.push_back(report);
  if (!hosts_.contains(name)) return;  // a ghost writes where nobody reads
  SpoolFile& file = spools_[name];
  file.reports.push_back(std::move(report));
  if (!reports_) file.synced = file.reports.size();
}

json::object SimulatedExecutor::params_of(const Order& order) {
  json::object params;
  for (const std::string* text : {&order.stage.params_json(), &order.work.params_json()}) {
    if (text->empty()) continue;
    const auto object = parse_json_object(*text);
    for (const auto& [name, value] : object.value()) params[name] = value;
  }
  return params;
}

void SimulatedExecutor::take(Host& host, const v1::EngineCommand& command) {
  const std::string& name = host.handle.host;
  const auto token_of = [](const v1::AttemptId& id) { return std::pair(id.run(), id.token()); };
  if (command.has_stage()) {
    host.works[command.stage().work()] = command.stage();
  } else if (command.has_assignment()) {
    const v1::Assignment& work = command.assignment();
    for (const Order& order : host.orders) {
      if (token_of(order.work.attempt()) == token_of(work.attempt())) return;
    }
    for (const v1::HostReport& report : host.unacknowledged) {
      const bool over = report.has_finished() || report.has_returned();
      if (over && token_of(report.attempt()) == token_of(work.attempt())) return;
    }
    const bool ghost = !hosts_.contains(name);
    for (const auto& [other, busy] : hosts_) {
      if (ghost) break;
      for (const Order& order : busy.orders) {
        if (order.work.task_folder() == work.task_folder()) {
          violations.push_back("two attempts at once in " + work.task_folder());
        }
      }
    }
    const auto stage = host.works.find(work.work());
    if (stage == host.works.end()) {
      violations.push_back("host " + name + " was given a task of a stage it does not know");
      return;
    }
    host.orders.push_back({work, stage->second, false});
  } else if (command.has_cancel()) {
    for (auto it = host.orders.begin(); it != host.orders.end(); ++it) {
      if (token_of(it->work.attempt()) != token_of(command.cancel().attempt())) continue;
      if (it == host.orders.begin() && host.begun) {
        if (!ignore_cancel) it->cancelled = true;
      } else {
        v1::HostReport report;
        report.mutable_finished()->set_failure_cause("cancelled");
        spool(host, std::move(report), it->work.attempt());
        host.orders.erase(it);
      }
      break;
    }
  } else if (command.has_recall()) {
    const std::size_t keep = host.begun ? 1 : 0;
    while (host.orders.size() > keep) {
      const v1::AttemptId attempt = host.orders[keep].work.attempt();
      host.orders.erase(host.orders.begin() + static_cast<std::ptrdiff_t>(keep));
      v1::HostReport report;
      report.mutable_returned();
      spool(host, std::move(report), attempt);
    }
  } else if (command.has_ack()) {
    std::erase_if(host.unacknowledged, [&](const v1::HostReport& report) {
      return report.sequence() <= command.ack().sequence();
    });
  }
}

bool SimulatedExecutor::act(const std::string& name) {
  const bool ghost = ghosts_.contains(name);
  auto& all = ghost ? ghosts_ : hosts_;
  const auto found = all.find(name);
  if (found == all.end() || found->second.hung) return false;
  Host& host = found->second;
  if (!host.commands.empty() && (host.attached || ghost)) {
    const v1::EngineCommand command = std::move(host.commands.front());
    host.commands.pop_front();
    if (command.has_release()) {
      if (!host.orders.empty()) violations.push_back("a host at work was released");
      if (ghost) {
        ghosts_.erase(name);
      } else {
        end(name, {.host = name});
      }
    } else {
      take(host, command);
    }
    if (prompt && hosts_.contains(name)) deliver(name);
    return true;
  }
  if (host.orders.empty()) {
    if (ghost) ghosts_.erase(name);
    return prompt && !ghost ? deliver(name) : false;
  }
  const Order order = host.orders.front();
  const v1::Assignment& work = order.work;
  const json::object params = params_of(order);
  const auto number = [&](const char* key, std::int64_t otherwise) {
    return get_int(params, key).value_or(otherwise);
  };
  v1::HostReport report;
  if (!host.begun) {
    host.begun = true;
    ++attempts_begun[work.task_folder()];
    // A ghost cannot know; nobody listens to it.
    if (finished_.contains(work.task_folder()) && !forgives_repeats && !ghost) {
      violations.push_back("a task that is done began again: " + work.task_folder());
    }
    std::int64_t& kept = checkpoints_[work.task_folder()];
    if (work.newest_checkpoint() >= 0) kept = std::min(kept, work.newest_checkpoint());
    host.step = kept;
    report.mutable_started()->set_time_ms(1);
    if (host.last == 0) report.mutable_started()->set_fingerprint_json("{\"cpu\":\"simulated\"}");
    spool(host, std::move(report), work.attempt());
  } else if (order.cancelled) {
    if (!ghost) checkpoints_[work.task_folder()] = host.step;
    finish(host, "cancelled");
  } else if (host.step < number("steps", 0)) {
    ++host.step;
    ++steps_worked[work.task_folder()];
    const bool alarmed = host.step == number("alarm_at", -1) && !params.contains("calm");
    if (alarmed) {
      v1::WatchdogAlarm alarm;
      alarm.set_step(host.step);
      alarm.set_metric("reward");
      finish(host, "error", &alarm);
    } else if (host.step % checkpoint_every == 0) {
      if (!ghost) checkpoints_[work.task_folder()] = host.step;
      report.mutable_checkpoint()->set_step(host.step);
      spool(host, std::move(report), work.attempt());
    }
  } else {
    const bool fails = static_cast<std::int64_t>(work.attempt().attempt()) <=
                       number("fails", std::numeric_limits<std::int64_t>::max());
    finish(host, fails ? get_string(params, "fail").value_or("") : "");
  }
  if (prompt && !ghost) deliver(name);
  return true;
}

void SimulatedExecutor::finish(Host& host, const std::string& cause,
                               const v1::WatchdogAlarm* alarm) {
  const Order order = host.orders.front();
  const v1::Assignment& work = order.work;
  const v1::StageWork& stage = order.stage;
  json::object params = params_of(order);
  v1::HostReport report;
  v1::Finished* finished = report.mutable_finished();
  finished->set_failure_cause(cause);
  finished->set_started_ms(1);
  if (!cause.empty()) finished->set_failure_message("the stage ended with " + cause);
  if (alarm != nullptr) *finished->mutable_alarm() = *alarm;
  (*finished->mutable_last_metrics())["steps"] = static_cast<double>(host.step);
  for (const v1::OutputPort& port : stage.outputs()) {
    if (!cause.empty()) break;
    std::string bytes;
    if (port.name() == "list") {
      json::array items;
      for (std::int64_t i = 0; i < get_int(params, "items").value_or(0); ++i) items.push_back(i);
      bytes = json::serialize(items);
    } else {
      bytes = port.name() + " " + stage.stage_type() + " " + canonical_json(params) + " ";
      if (params.contains("random")) bytes += std::to_string(work.seed());
      bytes += "\n";
      std::map<std::string, v1::InputPaths> inputs(stage.inputs().begin(), stage.inputs().end());
      for (const auto& [name, paths] : inputs) {
        for (const std::string& path : paths.paths())
          bytes.append(name).append("=").append(path) += '\n';
      }
    }
    v1::Artifact* output = finished->add_outputs();
    output->set_name(port.name());
    output->set_kind(port.kind());
    output->set_digest(artifacts_.publish(bytes));
    output->set_bytes(bytes.size());
  }
  host.orders.pop_front();
  host.begun = false;
  if (cause.empty() && hosts_.contains(host.handle.host)) {
    finished_[work.task_folder()] = host.handle.host;
  }
  spool(host, std::move(report), work.attempt());
}

}  // namespace cairn::testing
