#include "core/sdk/runtime/execute.h"

#include <exception>
#include <new>

namespace cairn {
namespace {

Result<void> bind_and_run(const StageType& type, const StageRun& run, StageContext& ctx) {
  CAIRN_ASSIGN(json::object params, canonical_params(type.declaration(), run.params));
  const auto stage = type.make();
  CAIRN_TRY(stage->bind({std::move(params), run.inputs, run.out_dir}));
  return stage->run(ctx);
}

std::optional<StageFailure> check_outputs(const StageRun& run) {
  std::string missing;
  for (const auto& name : run.outputs) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(run.out_dir / name, error);
    if (!fs::is_regular_file(status) && !fs::is_directory(status))
      missing += (missing.empty() ? "'" : ", '") + name + "'";
  }
  if (missing.empty()) return std::nullopt;
  return StageFailure{"invalid_output", "the stage ended without writing output " + missing};
}

}  // namespace

std::optional<StageFailure> run_stage(const StageType& type, const StageRun& run,
                                      StageContext& ctx) {
  try {
    const auto done = bind_and_run(type, run, ctx);
    if (done.ok()) return check_outputs(run);
    const bool stopped = done.error().code == ErrorCode::kCancelled && ctx.cancelled();
    return StageFailure{stopped ? "cancelled" : "error", done.error().to_string()};
  } catch (const std::bad_alloc&) {
    return StageFailure{"oom", "the stage asked for memory that is not there (std::bad_alloc)"};
  } catch (const std::exception& e) {
    return StageFailure{"error", std::string("the stage threw: ") + e.what()};
  } catch (...) {
    return StageFailure{"error", "the stage threw an exception of unknown type"};
  }
}

}  // namespace cairn
