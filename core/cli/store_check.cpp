#include <signal.h>

#include <map>
#include <set>

#include "core/artifacts/content_store.h"
#include "core/base/folder_entries.h"
#include "core/base/text.h"
#include "core/cli/checks.h"
#include "core/cli/open_runs.h"
#include "core/engine/cache_key.h"
#include "core/engine/load.h"
#include "core/sdk/runtime/attempt_files.h"
#include "core/sdk/runtime/checkpoint_folder.h"
#include "core/store/rocks_store.h"

namespace cairn {
namespace {

// Names shown of many.
constexpr std::size_t kNamesShown = 5;

std::string some(const std::vector<std::string>& names) {
  std::vector<std::string> shown(
      names.begin(),
      names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kNamesShown)));
  std::string text = join(shown, ", ");
  if (names.size() > kNamesShown)
    text += " and " + std::to_string(names.size() - kNamesShown) + " more";
  return text;
}

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

class StoreCheck {
 public:
  StoreCheck(const Cli& cli, bool quick, RunStore& store, std::vector<DoctorCheck>& checks)
      : quick_(quick),
        served_(store_holder(cli.options.state_dir).has_value()),
        store_(store),
        folder_(fs::absolute(cli.options.store_dir)),
        artifacts_(folder_),
        checks_(checks) {}

  void check() {
    if (!quick_) check_database();
    check_runs();
    check_cache();
    check_artifacts();
    check_run_folders();
    check_host_folders();
    check_checkpoints();
  }

 private:
  void add(DoctorCheck check) { checks_.push_back(std::move(check)); }

  void check_database() {
    const auto verified = store_.verify();
    add(verified.ok() ? ok_check("journal", "every checksum matches")
                      : failed_check("journal", verified.error().message,
                                     "restore a backup to another folder: cairn restore FOLDER "
                                     "--state-dir DIR"));
  }

  // Folds every journal; remembers what runs name.
  void check_runs() {
    const auto rows = list_rows(store_);
    if (!rows.ok()) {
      add(failed_check("runs", rows.error().message, rows.error().hint));
      return;
    }
    std::vector<std::string> broken;
    std::vector<std::string> stale;
    for (const RunRow& row : *rows) {
      runs_.insert(row.id);
      auto state = quick_ ? load_run(store_, row.id) : load_run_and_compare(store_, row.id);
      if (!quick_ && !state.ok() && state.error().code == ErrorCode::kCorrupt) {
        add(failed_check("snapshots", state.error().message,
                         "please report it; the journal counts, and a backup of it is whole"));
        state = load_run(store_, row.id);
      }
      if (!state.ok() || state->quarantined) {
        broken.push_back(row.id);
        continue;
      }
      if (row.status != to_string(state->status) || row.name != state->spec->name)
        stale.push_back(row.id);
      note_run(*state);
    }
    if (!broken.empty()) {
      add(failed_check("runs", "the journal of " + some(broken) + " cannot be read",
                       "start it anew, finished stages come from the cache; then cairn delete RUN, "
                       "or restore a backup"));
    }
    if (!stale.empty()) {
      add(failed_check("rows", "the rows of " + some(stale) + " differ from their journals",
                       "cairn resume RUN writes them anew"));
    }
    if (broken.empty() && stale.empty())
      add(ok_check("runs", counted(rows->size(), "run") + ", each row as its journal has it"));
  }

  void note_run(const RunState& state) {
    for (std::uint32_t i = 0; i < state.tasks.size(); ++i) {
      const TaskState& task = state.tasks[i];
      for (const Artifact& output : task.outputs) {
        if (task.phase == TaskPhase::kSucceeded)
          named_.try_emplace(output.digest(), state.id + "/" + task_name(state, i));
      }
      if (!is_final(task.phase) && task.checkpoint_step)
        unfinished_.push_back(folder_ / task_folder(state, i));
    }
    for (const HostState& host : state.hosts) {
      const bool alive = host.handle.pid > 0 && ::kill(static_cast<pid_t>(host.handle.pid), 0) == 0;
      if (alive || state.status == RunStatus::kRunning) hosts_.insert(host.handle.host);
    }
  }

  void check_cache() {
    std::size_t entries = 0;
    std::size_t unreadable = 0;
    const auto read = store_.read_cache([&](std::string_view, std::string_view bytes) {
      ++entries;
      const auto entry = decode_cache_entry(bytes);
      if (!entry.ok()) ++unreadable;
      if (entry.ok()) {
        for (const Artifact& output : entry->outputs) cached_.insert(output.digest());
      }
      return true;
    });
    if (!read.ok()) {
      add(failed_check("cache", read.error().message, read.error().hint));
    } else if (unreadable > 0) {
      add(warning_check("cache", counted(unreadable, "record") + " cannot be read",
                        "they are never used; what they knew is computed again"));
    } else {
      add(ok_check("cache", std::to_string(entries) + " known results"));
    }
  }

  void check_artifacts() {
    std::vector<std::string> missing;
    std::vector<std::string> damaged;
    for (const auto& [digest, maker] : named_) {
      if (!artifacts_.contains(digest)) missing.push_back(maker);
    }
    const auto stored = artifacts_.list_with_sizes();
    if (!stored.ok()) {
      add(failed_check("artifacts", stored.error().message, stored.error().hint));
      return;
    }
    std::uint64_t bytes = 0;
    std::uint64_t orphaned_bytes = 0;
    std::size_t orphans = 0;
    for (const StoredArtifact& artifact : *stored) {
      bytes += artifact.bytes;
      const auto maker = named_.find(artifact.digest);
      if (maker == named_.end() && !cached_.contains(artifact.digest)) {
        ++orphans;
        orphaned_bytes += artifact.bytes;
      }
      if (!quick_ && !artifacts_.verify(artifact.digest).ok())
        damaged.push_back(maker == named_.end() ? artifact.digest : maker->second);
    }
    if (!missing.empty()) {
      add(failed_check("artifacts", "results of " + some(missing) + " are gone",
                       "cairn resume RUN makes them again"));
    }
    if (!damaged.empty()) {
      add(failed_check("artifacts", "results of " + some(damaged) + " do not match their digests",
                       "cairn resume RUN sets them aside and makes them again"));
    }
    if (missing.empty() && damaged.empty()) {
      add(ok_check("artifacts", counted(stored->size(), "artifact") + ", " + format_bytes(bytes) +
                                    (quick_ ? ", bytes not read" : ", each as its digest says")));
    }
    if (orphans > 0) {
      add(warning_check("orphans",
                        counted(orphans, "artifact") + " of " + format_bytes(orphaned_bytes) +
                            " that no run and no cache entry names",
                        "cairn artifacts gc removes them"));
    }
  }

  void check_run_folders() {
    std::vector<std::string> strangers;
    for (const fs::path& folder : entries_of(folder_ / "runs").value_or({})) {
      if (!runs_.contains(folder.filename().string())) strangers.push_back(folder.string());
    }
    if (!strangers.empty()) {
      add(warning_check("attempts", "folders of no known run: " + some(strangers),
                        "they belong to another state folder, or to runs that are gone: remove "
                        "them if you know of none"));
    }
  }

  // Which hosts live that have no run any more, only the engine knows that they wait for.
  void check_host_folders() {
    std::vector<std::string> left;
    for (const fs::path& folder : entries_of(folder_ / "hosts").value_or({})) {
      const std::string name = folder.filename().string();
      const bool waits = served_ && name.starts_with(store_.identity() + "-");
      if (!waits && !hosts_.contains(name)) left.push_back(folder.string());
    }
    if (!left.empty()) {
      add(warning_check(
          "hosts", "folders of hosts that are no more: " + some(left),
          "cairn artifacts gc removes those of this state folder; nothing needs the others "
          "once no engine uses this store"));
    }
  }

  void check_checkpoints() {
    std::size_t count = 0;
    std::vector<std::string> damaged;
    for (const fs::path& task : unfinished_) {
      const CheckpointFolder checkpoints(real_file_system(), TaskFolder{task}.checkpoints());
      const auto steps = checkpoints.steps();
      if (!steps.ok()) continue;
      for (const std::int64_t step : *steps) {
        ++count;
        if (quick_) continue;
        const fs::path folder = TaskFolder{task}.checkpoints() / std::to_string(step);
        if (!verify_checkpoint(real_file_system(), folder, step).ok())
          damaged.push_back(folder.string());
      }
    }
    if (!damaged.empty()) {
      add(warning_check("checkpoints", "damaged: " + some(damaged),
                        "resume skips them and goes on from the one before"));
    } else if (count > 0) {
      add(ok_check("checkpoints",
                   counted(count, "checkpoint") + " of unfinished tasks" +
                       (quick_ ? ", bytes not read" : ", each as its manifest says")));
    }
  }

  const bool quick_;
  const bool served_;  // an engine uses it
  RunStore& store_;
  fs::path folder_;
  ContentStore artifacts_;
  std::vector<DoctorCheck>& checks_;
  std::set<std::string> runs_;
  std::map<Digest, std::string> named_;  // by results of runs, and by which
  std::set<Digest> cached_;
  std::vector<fs::path> unfinished_;  // tasks with checkpoints
  std::set<std::string> hosts_;       // that live, or may
};

}  // namespace

void check_store(const Cli& cli, bool quick, std::vector<DoctorCheck>& checks) {
  auto store = open_store(cli);
  if (!store.ok()) {
    if (store.error().code == ErrorCode::kNotFound) return;
    checks.push_back(failed_check("journal", store.error().message,
                                  store.error().hint.empty()
                                      ? "restore a backup: cairn restore FOLDER --state-dir DIR"
                                      : store.error().hint));
    return;
  }
  StoreCheck(cli, quick, **store, checks).check();
}

}  // namespace cairn
