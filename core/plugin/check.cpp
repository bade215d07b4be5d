#include "core/plugin/check.h"

#include <algorithm>
#include <csignal>

#include "core/base/environment.h"
#include "core/base/folder_entries.h"
#include "core/base/subprocess.h"
#include "core/base/text.h"
#include "core/plugin/lint.h"

namespace cairn {
namespace {

constexpr std::size_t kMostSaid = 2000;
constexpr int kMostKills = 20;

// "1 file", "2 files"
template <typename Count>
std::string counted(Count count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// How an attempt ended: with a report, or as `died` says.
struct Ended {
  std::optional<SelfTestReport> report;
  bool killed = false;  // by SIGKILL, as it was told to
  std::string died;
};

class StageChecker {
 public:
  StageChecker(const PluginCheck& check, const LibraryManifest& manifest, const StageDecl& stage,
               const OnCheck& on_check)
      : check_(check), manifest_(manifest), stage_(stage), on_check_(on_check) {}

  std::vector<CheckFinding> run() {
    declaration();
    if (!can_run()) return std::move(findings_);
    if (!alone()) return std::move(findings_);
    same_twice();
    other_seed();
    kill_and_resume();
    cancellation();
    own_folders();
    nothing_left();
    return std::move(findings_);
  }

 private:
  void begin(const std::string& name) {
    if (on_check_) on_check_(stage_.name, name);
    findings_.push_back({name, CheckStatus::kPassed, {}});
  }
  void wrong(const std::string& text) {
    CheckFinding& finding = findings_.back();
    finding.status = CheckStatus::kFailed;
    finding.detail += (finding.detail.empty() ? "" : "\n") + text;
  }
  void note(std::string text) {
    if (findings_.back().status == CheckStatus::kPassed) findings_.back().detail = std::move(text);
  }
  void skip(std::string why) {
    findings_.back().status = CheckStatus::kSkipped;
    findings_.back().detail = std::move(why);
  }

  void declaration() {
    begin("declaration");
    for (const std::string& finding : lint(stage_)) wrong(finding);
    note(counted(stage_.params.size(), "parameter") + ", " +
         counted(stage_.inputs.size(), "input") + ", " + counted(stage_.outputs.size(), "output"));
  }

  bool can_run() {
    if (stage_.self_test || check_.params || !check_.inputs.empty()) return true;
    const bool needs =
        std::ranges::any_of(stage_.params, &ParamDecl::required) ||
        std::ranges::any_of(stage_.inputs, [](const PortDecl& port) { return !port.optional; });
    if (!needs) return true;
    begin("self-test");
    wrong(
        "it has none, and needs parameters or inputs: add .self_test(…) to its stage_type, or "
        "give --set and --input");
    return false;
  }

  // A fresh task.
  SelfTestOrder order() {
    const fs::path folder = check_.folder / std::to_string(++tasks_);
    SelfTestOrder order;
    order.library = check_.library;
    order.stage_type = stage_.name;
    order.task = folder / "task";
    order.inputs = folder / "inputs";
    order.report = folder / "report" / "report.json";
    if (check_.params) order.params = *check_.params;
    order.given_inputs = check_.inputs;
    return order;
  }

  Ended attempt(const SelfTestOrder& order) {
    auto ended = try_attempt(order);
    if (ended.ok()) return *std::move(ended);
    return {std::nullopt, false, ended.error().to_string()};
  }

  Result<Ended> try_attempt(const SelfTestOrder& order) {
    FileSystem& files = real_file_system();
    const fs::path report_folder = order.report.parent_path();
    for (const fs::path& folder : {order.task, order.inputs, report_folder, home(), work(), temp()})
      CAIRN_TRY(files.make_directories(folder));
    CAIRN_TRY(files.remove_all(order.report));
    const fs::path file = report_folder / "order.json";
    CAIRN_TRY(files.write_atomic(file, pretty_json(record_to_json(order))));
    ProcessSpec spec;
    spec.argv = {check_.host_program.string(), "--self-test", file.string()};
    spec.environment = environment();
    spec.folder = work();
    std::string said;
    ProcessHooks hooks;
    hooks.timeout = check_.timeout;
    hooks.output = [&](bool, std::string_view bytes) {
      said.append(bytes.substr(0, kMostSaid - std::min(kMostSaid, said.size())));
    };
    CAIRN_ASSIGN(const ProcessEnd end, run_process(spec, hooks));
    Ended ended;
    if (end.signal == SIGKILL && order.die_at_checkpoint > 0) {
      ended.killed = true;
      return ended;
    }
    if (end.success()) {
      CAIRN_ASSIGN(const std::string text, files.read(order.report));
      CAIRN_ASSIGN(const json::object object, parse_json_object(text));
      CAIRN_ASSIGN(ended.report, record_from_json<SelfTestReport>(object));
      return ended;
    }
    ended.died = end.timed_out ? "did not end within " + format_duration_ms(check_.timeout.count())
                 : end.signal != 0
                     ? "crashed with " + signal_name(end.signal)
                     : "ended its process with exit code " + std::to_string(end.exit_code);
    if (const std::string text = printable(trim(said)); !text.empty())
      ended.died += "; it said: " + text;
    return ended;
  }

  // Folders of the process that are none of the stage's.
  fs::path home() const { return check_.folder / "home"; }
  fs::path work() const { return check_.folder / "current"; }
  fs::path temp() const { return check_.folder / "tmp"; }
  std::vector<std::string> environment() const {
    std::vector<std::string> list = least_environment(current_environment());
    std::erase_if(list, [](const std::string& entry) {
      return entry.starts_with("HOME=") || entry.starts_with("TMPDIR=") ||
             entry.starts_with("XDG_");
    });
    list.push_back("HOME=" + home().string());
    list.push_back("TMPDIR=" + temp().string());
    return list;
  }

  // Whether it ended well; what went wrong is reported.
  bool succeeded(const Ended& ended, const std::string& what) {
    if (!ended.report) {
      wrong(what + " " + (ended.killed ? "was killed" : ended.died));
      return false;
    }
    if (!ended.report->failure_cause.empty()) {
      wrong(what + " failed (" + ended.report->failure_cause + "): " + ended.report->failure);
      return false;
    }
    return true;
  }

  void compare(const Ended& ended, const std::string& what) {
    if (!succeeded(ended, what)) return;
    for (const auto& [name, digest] : reference_.outputs) {
      const auto found = ended.report->outputs.find(name);
      if (found == ended.report->outputs.end() || found->second != digest)
        wrong(std::string("output '").append(name).append("' of ").append(what).append(" differs"));
    }
  }

  bool alone() {
    begin("runs");
    const Ended ended = attempt(order());
    if (!succeeded(ended, "the self-test")) return false;
    reference_ = *ended.report;
    for (const std::string& complaint : reference_.complaints) wrong(complaint);
    note(counted(reference_.outputs.size(), "output") +
         (reference_.outputs.size() == 1 ? " of its kind, " : " of their kinds, ") +
         counted(reference_.checkpoints, "checkpoint"));
    return true;
  }

  void same_twice() {
    begin("same seed, same bytes");
    compare(attempt(order()), "the second run");
  }

  void other_seed() {
    begin("seed declared");
    SelfTestOrder other = order();
    other.seed = 1;
    const Ended ended = attempt(other);
    if (!succeeded(ended, "the run with another seed")) return;
    const bool differs = ended.report->outputs != reference_.outputs;
    if (differs && !stage_.random)
      wrong("its outputs depend on the seed: add .random() to its stage_type");
    note(stage_.random ? "it declares randomness" : "its outputs do not depend on it");
  }

  void kill_and_resume() {
    begin("kill and resume");
    if (reference_.checkpoints == 0 && !stage_.checkpoints)
      return skip("it declares no checkpoints: killed, it begins again");
    if (reference_.checkpoints == 0)
      return wrong("it declares checkpoints and its self-test saves none");
    SelfTestOrder killed = order();
    int kills = 0;
    for (killed.die_at_checkpoint = 1; kills < kMostKills; ++killed.attempt) {
      const Ended ended = attempt(killed);
      if (ended.killed && ++kills <= reference_.checkpoints) continue;
      if (ended.killed) return wrong("killed, it saves more checkpoints than in peace");
      compare(ended, "the run that was killed at each checkpoint");
      return note(std::to_string(kills) + " kills");
    }
    killed.die_at_checkpoint = 0;
    ++killed.attempt;
    compare(attempt(killed), "the run that was killed at its checkpoints");
    note(std::to_string(kills) + " kills, of " + std::to_string(reference_.checkpoints) +
         " checkpoints");
  }

  void cancellation() {
    begin("cancellation");
    std::int64_t slowest = 0;
    for (const std::int64_t calls : {std::int64_t{0}, reference_.calls / 2}) {
      SelfTestOrder stopped = order();
      stopped.stop_after = calls;
      const Ended ended = attempt(stopped);
      const std::string what =
          calls == 0 ? "asked to stop before it starts, it" : "asked to stop in the middle, it";
      if (!ended.report) {
        wrong(what + " " + ended.died);
        continue;
      }
      const SelfTestReport& report = *ended.report;
      slowest = std::max(slowest, report.answered_ms);
      if (report.answered_ms > check_.answers_within.count())
        wrong(what + " took " + format_duration_ms(report.answered_ms) + " to answer");
      if (!report.failure_cause.empty() && report.failure_cause != "cancelled")
        wrong(what + " failed (" + report.failure_cause + "): " + report.failure);
      if (report.failure_cause.empty()) compare(ended, "the run that went on to its end");
      stopped.stop_after = -1;
      ++stopped.attempt;
      compare(attempt(stopped), "the run that was stopped and taken up again");
      if (reference_.calls < 2) break;
    }
    note("answered within " + std::to_string(slowest) + " ms");
  }

  void own_folders() {
    begin("writes in its folders only");
    for (const fs::path& folder : {home(), work(), temp()}) {
      const auto entries = entries_of(folder);
      if (!entries.ok()) return wrong(entries.error().to_string());
      for (const fs::path& entry : *entries)
        wrong("it left " + entry.filename().string() + " in " +
              (folder == home()   ? "the home folder"
               : folder == work() ? "the current folder"
                                  : "the folder for temporary files") +
              "; use ctx.temp_dir()");
    }
    SelfTestOrder confined = order();
    confined.confined = true;
    const Ended ended = attempt(confined);
    if (ended.report && !ended.report->confined)
      return note("home, current and temporary folder; the kernel cannot confine it (no Landlock)");
    compare(ended, "the run that may write nowhere else");
    note("confined by the kernel (Landlock)");
  }

  void nothing_left() {
    begin("nothing left behind");
    if (reference_.descriptors_left > 0)
      wrong("it leaves " + counted(reference_.descriptors_left, "file") + " open");
    // LibTorch keeps its pool of threads.
    if (reference_.threads_left > 0 && manifest_.build.torch.empty())
      wrong("it leaves " + counted(reference_.threads_left, "thread") + " running");
    if (reference_.leaks) wrong("AddressSanitizer found leaks: run it with cairn-host to see them");
    note(reference_.sanitized ? "no leaks (AddressSanitizer)"
                              : "no file, no thread; leaks are looked for where cairn-host is "
                                "built with AddressSanitizer");
  }

  const PluginCheck& check_;
  const LibraryManifest& manifest_;
  const StageDecl& stage_;
  const OnCheck& on_check_;
  std::vector<CheckFinding> findings_;
  SelfTestReport reference_;
  int tasks_ = 0;
};

}  // namespace

std::vector<CheckFinding> check_stage_type(const PluginCheck& check,
                                           const LibraryManifest& manifest, const StageDecl& stage,
                                           const OnCheck& on_check) {
  return StageChecker(check, manifest, stage, on_check).run();
}

}  // namespace cairn
