#include "core/sdk/runtime/execute.h"

#include <exception>
#include <new>

namespace cairn {
namespace {

// The stage that has run.
Result<std::unique_ptr<Stage>> bind_and_run(const StageType& type, const StageBinding& binding,
                                            StageContext& ctx) {
  auto stage = type.make();
  CAIRN_TRY(stage->bind(binding));
  CAIRN_TRY(stage->run(ctx));
  return stage;
}

std::optional<StageFailure> check_outputs(const fs::path& folder,
                                          const std::vector<std::string>& outputs) {
  std::string missing;
  for (const auto& name : outputs) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(folder / name, error);
    if (!fs::is_regular_file(status) && !fs::is_directory(status))
      missing += (missing.empty() ? "'" : ", '") + name + "'";
  }
  if (missing.empty()) return std::nullopt;
  return StageFailure{"invalid_output", "the stage ended without writing output " + missing};
}

}  // namespace

std::optional<StageFailure> run_stage(const StageType& type, const StageBinding& binding,
                                      const std::vector<std::string>& outputs, StageContext& ctx) {
  try {
    const auto done = bind_and_run(type, binding, ctx);
    if (done.ok()) {
      if (auto missing = check_outputs(binding.out_dir, outputs)) return missing;
      const auto valid = outputs.empty() ? Result<void>() : (*done)->check_outputs();
      if (valid.ok()) return std::nullopt;
      return StageFailure{"invalid_output", valid.error().to_string()};
    }
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

std::optional<StageFailure> run_stage(const StageType& type, const StageRun& run,
                                      StageContext& ctx) {
  auto params = canonical_params(type.declaration(), run.params);
  if (!params.ok()) return StageFailure{"error", params.error().to_string()};
  return run_stage(type, {std::move(params).value(), run.inputs, run.out_dir}, run.outputs, ctx);
}

}  // namespace cairn
