// From a workflow file to a WorkflowSpec, or to everything that is wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/plugin/manifest.h"
#include "core/workflow/declared_param.h"
#include "core/workflow/diagnostics.h"
#include "core/workflow/spec.h"

namespace cairn {

struct WorkflowRequest {
  fs::path file;
  // Taken instead of the file's content (a submitted text); relative paths still resolve against
  // the file's folder.
  std::optional<std::string> text;
  std::vector<std::string> set;  // "name=value"; paths relative to working_folder
  fs::path params_file;          // empty: none; paths relative to its folder
  std::optional<std::uint64_t> seed;
  fs::path working_folder = ".";
  // Reads what content parameters name, for StageSpec::key_params. Without it they hold the path:
  // enough to validate, not to run.
  bool identify_content = true;
};

struct CheckedWorkflow {
  Diagnostics diagnostics;
  std::optional<WorkflowSpec> spec;   // where diagnostics has no error
  std::vector<DeclaredParam> params;  // also where it has, as far as they are declared right
};

// The error is kNotFound: the file, a file it extends or the file of parameters is missing.
// Everything else that is wrong is a diagnostic.
[[nodiscard]] Result<CheckedWorkflow> check_workflow(const WorkflowRequest& request,
                                                     const Registry& registry);

}  // namespace cairn
