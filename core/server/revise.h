// The next revision of a run's workflow: its own text, checked again with other parameters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/plugin/manifest.h"
#include "core/workflow/check.h"
#include "core/workflow/spec.h"

namespace cairn {

struct ReviseWish {
  std::vector<std::string> set;  // "name=value"
  fs::path params_file;          // empty: none
  std::optional<std::uint64_t> seed;
  [[nodiscard]] bool empty() const { return set.empty() && params_file.empty() && !seed; }
};

// The run's text with the parameters it had, and those of the wish over them. Stages of a plugin
// that is still there keep its digest, so that a changed one is noticed. What is wrong is in the
// diagnostics.
[[nodiscard]] Result<CheckedWorkflow> revise_workflow(const WorkflowSpec& before,
                                                      const ReviseWish& wish,
                                                      const Registry& registry);

// A parameter's value as --set and ReviseWish::set take it.
[[nodiscard]] std::string as_set(std::string_view name, const json::value& value);

}  // namespace cairn
