#include "core/cli/open_runs.h"

#include "core/base/text.h"
#include "core/cli/run_format.h"
#include "core/server/socket_path.h"
#include "core/store/rocks_store.h"

namespace cairn {

Result<OpenRuns> open_runs(const Cli& cli) {
  const fs::path& state_dir = cli.options.state_dir;
  OpenRuns runs;
  runs.remote = RemoteRuns::connect(find_socket_path(real_file_system(), state_dir));
  if (runs.remote) return runs;
  auto store = open_rocks_store_read_only(state_dir);
  if (!store.ok()) {
    Error error = std::move(store).error();
    if (error.code == ErrorCode::kNotFound && error.hint.empty())
      error.hint = "start a run with `cairn run FILE`, or name its folder with --state-dir";
    return error;
  }
  runs.store = std::move(store).value();
  const bool held = store_holder(state_dir).has_value();
  runs.local =
      std::make_unique<StoreRuns>(*runs.store, fs::absolute(cli.options.store_dir), nullptr, held);
  return runs;
}

Result<RunTarget> parse_target(const std::string& text) {
  const auto parts = split(text, '/');
  if (parts.size() > 3 || parts[0].empty())
    return invalid_argument("'" + text + "' names no run",
                            "write RUN, RUN/STAGE or RUN/STAGE/OUTPUT");
  RunTarget target;
  target.run = parts[0];
  if (parts.size() > 1) target.stage = parts[1];
  if (parts.size() > 2) target.output = parts[2];
  return target;
}

Result<const json::object*> find_stage(const json::object& run, const std::string& stage,
                                       const char* name_key) {
  std::vector<std::string> names;
  CAIRN_ASSIGN(const auto* stages, get_array(run, "stages"));
  for (const auto& value : *stages) {
    const auto& object = value.as_object();
    names.push_back(text_of(object, name_key));
    if (names.back() == stage) return &object;
  }
  const auto near = nearest_word(stage, names);
  return not_found("run " + text_of(run, "id") + " has no stage '" + stage + "'",
                   near ? "did you mean '" + *near + "'?" : "its stages: " + join(names, ", "));
}

}  // namespace cairn
