#include "core/server/run_control.h"

#include "core/sdk/runtime/attempt_files.h"
#include "core/sdk/runtime/checkpoint_folder.h"
#include "core/server/on_strand.h"
#include "core/server/resume_view.h"
#include "core/store/backup.h"

namespace cairn {
std::optional<std::int64_t> newest_checkpoint(const fs::path& task_folder, std::int64_t most) {
  const CheckpointFolder folder(real_file_system(), TaskFolder{task_folder}.checkpoints());
  const auto steps = folder.steps();
  std::optional<std::int64_t> newest;
  if (!steps.ok()) return newest;
  for (const std::int64_t step : *steps) {
    if (most < 0 || step <= most) newest = step;
  }
  return newest;
}

Result<void> EngineControl::refuse_when_closed() const {
  if (!closed_) return {};
  return make_error(ErrorCode::kUnavailable, "the engine of this state folder is ending",
                    "start another: cairn serve");
}

bool EngineControl::close_when_idle() {
  return on_strand(scheduler_, [&] {
    closed_ = closed_ || scheduler_.idle();
    return scheduler_.idle();
  });
}

// An action on the strand, then the run's row.
template <typename Act>
Result<json::object> EngineControl::change(const std::string& run, Act act) {
  CAIRN_ASSIGN(const std::string id, runs_.resolve(run));
  return on_strand(scheduler_, [&]() -> Result<json::object> {
    CAIRN_TRY(act(id));
    const RunState* state = scheduler_.find(id);
    if (state == nullptr) return json::object{{"id", id}};
    return list_row(*state, true);
  });
}

Result<json::object> EngineControl::begun(const Result<std::string>& id) {
  if (!id.ok()) return id.error();
  const RunState* state = scheduler_.find(*id);
  json::object document{{"id", *id}};
  if (state != nullptr) {
    document["name"] = state->spec->name;
    document["status"] = run_status(*state, true);
  }
  return document;
}

Result<json::object> EngineControl::submit(const WorkflowSpec& workflow,
                                           const SubmitOptions& options) {
  return on_strand(scheduler_, [&]() -> Result<json::object> {
    CAIRN_TRY(refuse_when_closed());
    return begun(scheduler_.submit(workflow, options));
  });
}

Result<json::object> EngineControl::cancel(const std::string& run, const v1::RequestKey& key) {
  return change(run, [&](const std::string& id) { return scheduler_.cancel(id, key); });
}

Result<json::object> EngineControl::pause(const std::string& run, bool paused,
                                          const v1::RequestKey& key) {
  return change(run, [&](const std::string& id) { return scheduler_.pause(id, paused, key); });
}

Result<json::object> EngineControl::approve(const std::string& run, const std::string& stage,
                                            bool approved, const std::string& by,
                                            const v1::RequestKey& key) {
  return change(
      run, [&](const std::string& id) { return scheduler_.approve(id, stage, approved, by, key); });
}

Result<json::object> EngineControl::resume(const std::string& run, const ResumeWish& wish) {
  CAIRN_ASSIGN(const std::string id, runs_.resolve(run));
  std::optional<RunState> before = on_strand(scheduler_, [&]() -> std::optional<RunState> {
    const RunState* state = scheduler_.find(id);
    if (state == nullptr) return std::nullopt;
    return *state;
  });
  if (!before) {
    CAIRN_ASSIGN(before, load_run(store_, id));
  }
  CAIRN_ASSIGN(const v1::RunResumed plan, on_strand(scheduler_, [&]() -> Result<v1::RunResumed> {
                 if (wish.dry_run) return scheduler_.preview_resume(id, wish.options);
                 CAIRN_TRY(refuse_when_closed());
                 return scheduler_.resume(id, wish.options);
               }));
  return resume_view(*before, plan, [&](const std::string& folder, std::int64_t most) {
    return newest_checkpoint(artifacts_.store_folder() / folder, most);
  });
}

Result<json::object> EngineControl::derive(const DeriveOptions& options) {
  DeriveOptions found = options;
  CAIRN_ASSIGN(found.run, runs_.resolve(options.run));
  return on_strand(scheduler_, [&]() -> Result<json::object> {
    CAIRN_TRY(refuse_when_closed());
    return begun(scheduler_.derive(found));
  });
}

Result<json::object> EngineControl::remove(const std::string& run) {
  CAIRN_ASSIGN(const std::string id, runs_.resolve(run));
  CAIRN_TRY(on_strand(scheduler_, [&] { return scheduler_.remove(id); }));
  runs_.note_deleted(id);
  return json::object{{"id", id}};
}

Result<json::object> EngineControl::backup(const std::string& folder) {
  CAIRN_ASSIGN(const BackupInfo info, back_up(store_, folder));
  return json::object{{"folder", folder},
                      {"sequence", info.sequence},
                      {"files", info.files},
                      {"bytes", info.bytes}};
}

}  // namespace cairn
