#include "core/server/api/estimate.h"

#include <algorithm>
#include <cmath>

#include "core/engine/spent.h"

namespace cairn::api {
namespace {

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::string key_of(const StageSpec& stage) {
  return stage.name + " " + stage.uses;
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

// How one stage went so far; nothing where none of its tasks ended by its own work.
std::optional<Pace> pace_of(const RunState& state, std::uint32_t stage) {
  std::vector<double> seconds;
  double busy = 0;
  std::optional<WallTime> first;
  std::optional<WallTime> last;
  for (std::uint32_t cell = 0; cell < state.stages[stage].count; ++cell) {
    const TaskState& task = state.tasks[state.task_of(stage, cell)];
    if (task.phase != TaskPhase::kSucceeded || task.cached || task.attempts.empty()) continue;
    seconds.push_back(spent_by(state, task, std::nullopt).seconds);
    busy += seconds.back();
    const WallTime begin = task.attempts.front().created_at;
    const WallTime end = task.finished_at.value_or(begin);
    if (!first || begin < *first) first = begin;
    if (!last || end > *last) last = end;
  }
  if (seconds.empty()) return std::nullopt;
  Pace pace;
  pace.ended = seconds.size();
  pace.tasks = state.stages[stage].count;
  const double span = std::chrono::duration<double>(*last - *first).count();
  if (span > 0) pace.at_once = std::clamp(busy / span, 1.0, static_cast<double>(pace.ended));
  pace.seconds = median_of(std::move(seconds));
  return pace;
}

struct Running {
  double elapsed = 0;
  std::optional<double> rest;  // by its own report
};

// Only an attempt that began at the beginning tells its pace: one that went on from a checkpoint
// reports work that others did.
Running running_of(const RunState& state, const LiveTasks& live, std::uint32_t number,
                   WallTime now) {
  const TaskState& task = state.tasks[number];
  const AttemptState& attempt = task.attempts.back();
  Running running;
  const WallTime begin = attempt.started_at.value_or(attempt.created_at);
  running.elapsed = std::chrono::duration<double>(std::max(now, begin) - begin).count();
  const auto told = live.find(number);
  const auto before =
      std::ranges::count_if(task.attempts, [](const AttemptState& one) { return !one.returned; });
  if (told == live.end() || before != 1 || is_fork_point(state, number)) return running;
  const v1::Progress& progress = told->second.progress;
  if (progress.done() == 0 || progress.total() < progress.done()) return running;
  const double left = static_cast<double>(progress.total() - progress.done());
  running.rest = running.elapsed * left / static_cast<double>(progress.done());
  return running;
}

class Estimator {
 public:
  Estimator(const RunState& state, const LiveTasks& live, const ResourceTotals& totals,
            const EarlierRun* earlier, WallTime now)
      : state_(state), live_(live), totals_(totals), earlier_(earlier), now_(now) {}

  Estimate make() {
    std::vector<double> ends(state_.stages.size(), 0);
    double end = 0;
    for (std::uint32_t i = 0; i < state_.stages.size(); ++i) {
      for (const std::uint32_t need : state_.needs[i]) ends[i] = std::max(ends[i], ends[need]);
      // What handles failures does not run where all goes well.
      const bool handles = !state_.spec->stages[i].handles.empty();
      if (state_.stages[i].settled() || (handles && state_.stages[i].in(TaskPhase::kRunning) == 0))
        continue;
      const auto rest = rest_of(i);
      if (!rest) return {std::nullopt, {}, why_not_};
      ends[i] += *rest;
      end = std::max(end, ends[i]);
    }
    if (totals_.cpus > 0) end = std::max(end, cpu_work_ / totals_.cpus);
    if (!totals_.gpus.empty())
      end = std::max(end, gpu_work_ / static_cast<double>(totals_.gpus.size()));
    return {end, basis(), {}};
  }

 private:
  std::optional<double> cannot(std::string why) {
    why_not_ = std::move(why);
    return std::nullopt;
  }

  std::optional<Pace> earlier_pace(const StageSpec& spec) {
    if (earlier_ == nullptr) return std::nullopt;
    const auto found = earlier_->paces.find(key_of(spec));
    if (found == earlier_->paces.end()) return std::nullopt;
    return found->second;
  }

  std::optional<double> rest_of(std::uint32_t stage) {
    const StageSpec& spec = state_.spec->stages[stage];
    const StageState& now = state_.stages[stage];
    if (spec.approval && !now.approved && now.in(TaskPhase::kWaiting) > 0)
      answers_.push_back(spec.name);
    if (spec.when && !now.when_value) conditions_ = true;
    const std::vector<Running> running = running_in(stage);
    std::optional<Pace> pace = pace_of(state_, stage);
    bool by_earlier = false;
    if (pace) {
      ended_ += pace->ended;
    } else if (const auto own = pace_by_reports(running); own) {
      pace = own;
    } else if (pace = earlier_pace(spec); pace) {
      by_earlier = true;
    }
    std::size_t waiting = now.in(TaskPhase::kWaiting) + now.in(TaskPhase::kInterrupted);
    if (!now.expanded) {
      if (!by_earlier) return cannot("how many tasks " + spec.name + " has is not known yet");
      waiting = pace->tasks;
    }
    double work = 0;
    double longest = 0;
    for (const Running& one : running) {
      if (!one.rest && !pace)
        return cannot(spec.name + " reports no progress, and no task of it has ended yet");
      const double rest = one.rest ? *one.rest : std::max(0.0, pace->seconds - one.elapsed);
      reporting_ += one.rest ? 1 : 0;
      used_earlier_ = used_earlier_ || (by_earlier && !one.rest);
      work += rest;
      longest = std::max(longest, rest);
    }
    if (waiting > 0) {
      if (!pace)
        return cannot("no task of " + spec.name + " has ended yet, here or in the run before");
      used_earlier_ = used_earlier_ || by_earlier;
      work += static_cast<double>(waiting) * pace->seconds;
      longest = std::max(longest, pace->seconds);
    }
    cpu_work_ += work * spec.resources.cpus;
    gpu_work_ += work * spec.resources.gpus;
    const double at_once =
        running.empty() ? (pace ? pace->at_once : 1) : static_cast<double>(running.size());
    return std::max(longest, work / std::max(1.0, at_once));
  }

  std::vector<Running> running_in(std::uint32_t stage) const {
    std::vector<Running> running;
    if (state_.stages[stage].in(TaskPhase::kRunning) == 0) return running;
    for (std::uint32_t cell = 0; cell < state_.stages[stage].count; ++cell) {
      const std::uint32_t number = state_.task_of(stage, cell);
      if (live_attempt(state_.tasks[number]) != nullptr)
        running.push_back(running_of(state_, live_, number, now_));
    }
    return running;
  }

  static std::optional<Pace> pace_by_reports(const std::vector<Running>& running) {
    std::vector<double> whole;
    for (const Running& one : running) {
      if (one.rest) whole.push_back(one.elapsed + *one.rest);
    }
    if (whole.empty()) return std::nullopt;
    Pace pace;
    pace.seconds = median_of(std::move(whole));
    return pace;
  }

  std::vector<std::string> basis() const {
    std::vector<std::string> said;
    if (reporting_ > 0)
      said.push_back("the progress of " + counted(reporting_, "running task", "running tasks"));
    if (ended_ > 0) said.push_back("the times of " + counted(ended_, "ended task", "ended tasks"));
    if (used_earlier_) said.push_back("the times of run " + earlier_->run);
    if (conditions_) said.emplace_back("as if every condition held");
    for (const std::string& stage : answers_)
      said.push_back("without the wait for the answer to " + stage);
    return said;
  }

  const RunState& state_;
  const LiveTasks& live_;
  const ResourceTotals& totals_;
  const EarlierRun* earlier_;
  const WallTime now_;
  double cpu_work_ = 0;
  double gpu_work_ = 0;
  std::size_t reporting_ = 0;
  std::size_t ended_ = 0;
  bool used_earlier_ = false;
  bool conditions_ = false;
  std::vector<std::string> answers_;
  std::string why_not_;
};

}  // namespace

Paces paces_of(const RunState& state) {
  Paces paces;
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    if (const auto pace = pace_of(state, i)) paces.emplace(key_of(state.spec->stages[i]), *pace);
  }
  return paces;
}

Estimate estimate_rest(const RunState& state, const LiveTasks& live, const ResourceTotals& totals,
                       const EarlierRun* earlier, WallTime now) {
  if (state.paused) return {std::nullopt, {}, "the run is paused"};
  if (state.stop) return {std::nullopt, {}, "the run is being stopped"};
  return Estimator(state, live, totals, earlier, now).make();
}

}  // namespace cairn::api
