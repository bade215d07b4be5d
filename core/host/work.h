// Work: what the tasks of a stage have in common (v1::StageWork), and what is made of it once for
// all of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/host/plugin_shelf.h"
#include "core/sdk/runtime/metric_log.h"
#include "core/sdk/stage.h"
#include "schemas/host.pb.h"

namespace cairn::host {

// Made on one thread, then used by the worker's alone.
class Work {
 public:
  explicit Work(v1::StageWork stage);

  [[nodiscard]] const v1::StageWork& message() const { return stage_; }
  [[nodiscard]] const fs::path& store() const { return store_; }
  [[nodiscard]] const std::vector<std::string>& outputs() const { return outputs_; }
  [[nodiscard]] const std::vector<MetricRule>& rules() const { return rules_; }
  [[nodiscard]] StageResources resources() const;

  // Loads the plugin and finds the stage type, the first time.
  [[nodiscard]] Result<const StageType*> load(PluginShelf& shelf);

  // Once loaded: what one attempt runs with. Each layer, a JSON object or empty, goes on top of the
  // stage's parameters and the layers before it. Secrets are resolved, their values added to
  // *secrets. Valid until the next call.
  [[nodiscard]] Result<const StageBinding*> bind(const std::vector<std::string_view>& layers,
                                                 fs::path out, std::vector<std::string>* secrets);

 private:
  [[nodiscard]] Result<json::object> params(const std::vector<std::string_view>& layers,
                                            std::vector<std::string>* secrets) const;

  const v1::StageWork stage_;
  const fs::path store_;
  std::vector<std::string> outputs_;
  std::vector<MetricRule> rules_;
  const StageType* type_ = nullptr;
  StageDecl decl_;
  json::object base_;  // parsed params_json
  StageBinding binding_;
  bool plain_ = false;  // binding_.params are those without layers, and hold no secret
};

}  // namespace cairn::host
