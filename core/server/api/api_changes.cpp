// Api: what changes runs.
#include "core/engine/load.h"
#include "core/engine/view.h"
#include "core/sdk/runtime/attempt_files.h"
#include "core/sdk/runtime/checkpoint_folder.h"
#include "core/server/api/api.h"
#include "core/server/plan_cache.h"
#include "core/server/resume_view.h"
#include "core/workflow/plan.h"

namespace cairn::api {
namespace {

// A spec that another cairn process checked.
Result<std::optional<WorkflowSpec>> checked_elsewhere(const std::string& text) {
  if (text.empty()) return std::optional<WorkflowSpec>();
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  CAIRN_ASSIGN(WorkflowSpec spec, workflow_spec_from_json(object));
  return std::optional<WorkflowSpec>(std::move(spec));
}

}  // namespace

Outcome Api::submit(const v1::SubmitRequest& request, const Caller& caller) {
  CAIRN_ASSIGN(std::optional<WorkflowSpec> spec, checked_elsewhere(request.workflow_json()));
  SubmitOptions options;
  options.request_id = request.request_id();
  options.priority = request.priority();
  options.environment_json = request.environment_json();
  options.traceparent = caller.traceparent;
  if (!spec) {
    if (request.workflow().empty())
      return invalid_argument("there is no workflow to submit", "send its text as `workflow`");
    const std::optional<std::uint64_t> seed =
        request.has_seed() ? std::optional(request.seed()) : std::nullopt;
    CAIRN_ASSIGN(CheckedWorkflow checked,
                 check({request.workflow(), request.params(), seed, request.from_run()}, true));
    if (!checked.spec) return Failure(checked.diagnostics);
    spec = std::move(checked.spec);
    if (!request.name().empty()) spec->name = request.name();
    options.environment_json = json::serialize(options_.capture(*spec));
  }
  CAIRN_ASSIGN(json::object begun, control_.submit(*spec, options));
  return once(std::move(begun), options.request_id, asked_of(*spec));
}

// The run that a key stands for, if it is this request's.
Outcome Api::once(json::object begun, const std::string& request_id, const Asked& asked) {
  if (request_id.empty()) return begun;
  CAIRN_ASSIGN(const std::string run, get_string(begun, "id"));
  if (const auto same = check_repeat(store_, run, asked); !same.ok()) {
    Failure failure(same.error());
    failure.unprocessable = same.error().code == ErrorCode::kConflict;
    return failure;
  }
  return begun;
}

// Checked before the wish is told to the engine: what happens between the two happens to whoever
// asks without a condition, too.
Result<void> Api::expect(const std::string& run, const std::string& status) {
  if (status.empty()) return {};
  CAIRN_ASSIGN(const json::object document, runs().get(run));
  CAIRN_ASSIGN(const std::string now, get_string(document, "status"));
  if (now == status) return {};
  return conflict("run " + run + " is " + now + ", not " + status, "look at it again");
}

Outcome Api::repeatable(std::string_view method, const std::string& run,
                        const google::protobuf::Message& request, const std::string& request_id,
                        const Act& act, const Again& again) {
  if (request_id.empty()) return act({});
  CAIRN_ASSIGN(const std::string id, runs().resolve(run));
  const v1::RequestKey key = key_of(method, request_id, request);
  const std::lock_guard lock(commands_);
  const auto repeat = find_repeat(store_, id, key);
  if (!repeat.ok()) {
    Failure failure(repeat.error());
    failure.unprocessable = repeat.error().code == ErrorCode::kConflict;
    return failure;
  }
  return *repeat ? again(**repeat) : act(key);
}

Outcome Api::row_now(const std::string& run) {
  return outcome(runs().view(run, [](const RunNow& now) -> Result<json::object> {
    return list_row(now.state, now.served);
  }));
}

Outcome Api::cancel(const v1::RunCommand& request, const Caller&) {
  const auto act = [&](const v1::RequestKey& key) -> Outcome {
    CAIRN_TRY(expect(request.run(), request.expect()));
    return outcome(control_.cancel(request.run(), key));
  };
  return repeatable("Cancel", request.run(), request, request.request_id(), act,
                    [&](const Repeat&) { return row_now(request.run()); });
}

Outcome Api::pause(const v1::RunCommand& request, const Caller&) {
  return set_paused("Pause", request, true);
}

Outcome Api::unpause(const v1::RunCommand& request, const Caller&) {
  return set_paused("Unpause", request, false);
}

Outcome Api::set_paused(std::string_view method, const v1::RunCommand& request, bool paused) {
  const auto act = [&](const v1::RequestKey& key) -> Outcome {
    CAIRN_TRY(expect(request.run(), request.expect()));
    return outcome(control_.pause(request.run(), paused, key));
  };
  return repeatable(method, request.run(), request, request.request_id(), act,
                    [&](const Repeat&) { return row_now(request.run()); });
}

Outcome Api::approve(const v1::ApproveRequest& request, const Caller& caller) {
  const bool approved = !request.has_approved() || request.approved();
  const std::string by = request.by().empty() ? caller.who : request.by();
  const auto act = [&](const v1::RequestKey& key) {
    return outcome(control_.approve(request.run(), request.stage(), approved, by, key));
  };
  return repeatable("Approve", request.run(), request, request.request_id(), act,
                    [&](const Repeat&) { return row_now(request.run()); });
}

Outcome Api::resume(const v1::ResumeRequest& request, const Caller&) {
  // What is only asked changes nothing, and is no command.
  if (request.dry_run()) return resume_with(request, {});
  const auto again = [&](const Repeat& repeat) {
    return outcome(resume_view(repeat.before, repeat.event.run_resumed(),
                               [&](const std::string& folder, std::int64_t most) {
                                 return newest_checkpoint(runs().store_folder() / folder, most);
                               }));
  };
  return repeatable(
      "Resume", request.run(), request, request.request_id(),
      [&](const v1::RequestKey& key) { return resume_with(request, key); }, again);
}

Outcome Api::resume_with(const v1::ResumeRequest& request, const v1::RequestKey& key) {
  CAIRN_TRY(expect(request.run(), request.expect()));
  ResumeWish wish;
  wish.options.key = key;
  CAIRN_ASSIGN(wish.options.workflow, checked_elsewhere(request.workflow_json()));
  if (!wish.options.workflow) {
    CAIRN_ASSIGN(const std::string run, runs().resolve(request.run()));
    CAIRN_ASSIGN(Revised revised, revise(run, request.params()));
    if (revised.failure) return std::move(*revised.failure);
    wish.options.workflow = std::move(revised.workflow);
  }
  if (!request.from().empty()) wish.options.from = request.from();
  wish.options.accept_changed_plugins = request.accept_changed_plugins();
  wish.dry_run = request.dry_run();
  return outcome(control_.resume(request.run(), wish));
}

Outcome Api::rerun(const v1::RerunRequest& request, const Caller& caller) {
  Derivation derivation;
  derivation.options.run = request.run();
  derivation.options.stage = request.from();
  derivation.options.request_id = request.request_id();
  derivation.options.environment_json = request.environment_json();
  derivation.options.accept_changed_plugins = request.accept_changed_plugins();
  derivation.options.traceparent = caller.traceparent;
  derivation.workflow_json = request.workflow_json();
  derivation.params = request.params();
  derivation.dry_run = request.dry_run();
  return derive(std::move(derivation));
}

Outcome Api::fork(const v1::ForkRequest& request, const Caller& caller) {
  Derivation derivation;
  derivation.options.run = request.run();
  derivation.options.stage = request.stage();
  derivation.options.fork = true;
  derivation.options.step = request.has_step() ? request.step() : -1;
  derivation.options.request_id = request.request_id();
  derivation.options.environment_json = request.environment_json();
  derivation.options.accept_changed_plugins = request.accept_changed_plugins();
  derivation.options.traceparent = caller.traceparent;
  derivation.workflow_json = request.workflow_json();
  derivation.params = request.params();
  derivation.dry_run = request.dry_run();
  return derive(std::move(derivation));
}

Outcome Api::derive(Derivation derivation) {
  DeriveOptions& options = derivation.options;
  CAIRN_ASSIGN(options.run, runs().resolve(options.run));
  CAIRN_ASSIGN(options.workflow, checked_elsewhere(derivation.workflow_json));
  if (!options.workflow) {
    CAIRN_ASSIGN(Revised revised, revise(options.run, derivation.params));
    if (revised.failure) return std::move(*revised.failure);
    options.workflow = std::move(revised.workflow);
  }
  CAIRN_ASSIGN(const RunState from, load_run(store_, options.run));
  const WorkflowSpec& spec = options.workflow ? *options.workflow : *from.spec;
  const auto stage = from.find_stage(options.stage);
  if (!stage || spec.find(options.stage) == nullptr)
    return not_found("run " + options.run + " has no stage '" + options.stage + "'");
  std::optional<std::int64_t> checkpoint;
  if (options.fork && options.step >= 0) {
    checkpoint = newest_checkpoint(runs().store_folder() / task_folder(from, *stage), options.step);
  }
  CAIRN_ASSIGN(PlanSources known, plan_sources(store_, runs().store_folder(), spec));
  json::object plan =
      to_json(plan_workflow(spec, derived_sources(std::move(known), options.stage, checkpoint)));
  if (derivation.dry_run) return plan;
  if (options.environment_json.empty())
    options.environment_json = json::serialize(options_.capture(spec));
  Asked asked = asked_of(spec);
  asked.origin.set_run(options.run);
  asked.origin.set_stage(options.stage);
  asked.origin.set_fork(options.fork);
  asked.origin.set_step(options.fork ? options.step : -1);
  CAIRN_ASSIGN(json::object begun, control_.derive(options));
  begun["stages"] = std::move(plan.at("stages"));
  return once(std::move(begun), options.request_id, asked);
}

Outcome Api::remove(const v1::DeleteRequest& request, const Caller&) {
  return outcome(control_.remove(request.run()));
}

Outcome Api::collect(const v1::CollectRequest& request, const Caller&) {
  CollectWish wish;
  wish.dry_run = request.dry_run();
  wish.quota_bytes = request.quota_bytes();
  wish.keep_best.assign(request.keep_best().begin(), request.keep_best().end());
  return outcome(control_.collect(wish));
}

Outcome Api::backup(const v1::BackupRequest& request, const Caller&) {
  return outcome(control_.backup(request.folder()));
}

}  // namespace cairn::api
