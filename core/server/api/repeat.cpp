#include "core/server/api/repeat.h"

#include "core/engine/load.h"

namespace cairn::api {
namespace {

bool same_origin(const v1::Origin& one, const v1::Origin& other) {
  return one.run() == other.run() && one.stage() == other.stage() && one.fork() == other.fork() &&
         (one.run().empty() || one.step() == other.step());
}

}  // namespace

Asked asked_of(const WorkflowSpec& spec) {
  return {spec.source, spec.name, spec.seed, spec.params, {}};
}

Result<void> check_repeat(const RunStore& store, const std::string& run, const Asked& asked) {
  bool same = true;
  CAIRN_TRY(
      replay_run(store, run, 0, [&](std::uint64_t, const Event& event, const RunState& state) {
        if (!event.has_run_created()) return true;
        const Asked was = asked_of(*state.spec);
        same = was.source == asked.source && was.name == asked.name && was.seed == asked.seed &&
               was.params == asked.params && same_origin(state.origin, asked.origin);
        return false;
      }));
  if (same) return {};
  return conflict("the Idempotency-Key belongs to another request, that of run " + run,
                  "send another key with another request");
}

}  // namespace cairn::api
