#include "core/cli/open_runs.h"

#include "core/base/text.h"
#include "core/cli/machine.h"
#include "core/cli/run_format.h"
#include "core/server/access_token.h"
#include "core/server/socket_path.h"
#include "core/store/rocks_store.h"

namespace cairn {

Result<std::unique_ptr<RemoteRuns>> find_server(const Cli& cli) {
  if (cli.options.server.empty())
    return RemoteRuns::connect(find_socket_path(real_file_system(), cli.options.state_dir));
  std::string token = cli.environment.variable("CAIRN_TOKEN").value_or("");
  if (token.empty()) {
    auto stored = read_token(cli.options.state_dir);
    if (!stored.ok() && stored.error().code != ErrorCode::kNotFound) return stored.error();
    token = stored.value_or("");
  }
  return RemoteRuns::connect_tcp(cli.options.server, token,
                                 cli.environment.variable("CAIRN_TLS_CA").value_or(""));
}

Result<std::unique_ptr<RemoteRuns>> require_server(const Cli& cli) {
  CAIRN_ASSIGN(auto server, find_server(cli));
  if (server) return server;
  return make_error(ErrorCode::kUnavailable,
                    "no engine serves the state folder " +
                        fs::absolute(cli.options.state_dir).lexically_normal().string(),
                    "start one with: cairn serve");
}

Result<std::unique_ptr<RunStore>> open_store(const Cli& cli) {
  auto store = open_rocks_store_read_only(cli.options.state_dir);
  if (store.ok()) return store;
  Error error = std::move(store).error();
  if (error.code == ErrorCode::kNotFound && error.hint.empty())
    error.hint = "start a run with `cairn run FILE`, or name its folder with --state-dir";
  return error;
}

Result<OpenRuns> open_runs(const Cli& cli) {
  OpenRuns runs;
  CAIRN_ASSIGN(runs.remote, find_server(cli));
  if (runs.remote) return runs;
  CAIRN_ASSIGN(runs.store, open_store(cli));
  const bool held = store_holder(cli.options.state_dir).has_value();
  runs.local = std::make_unique<StoreRuns>(*runs.store, fs::absolute(cli.options.store_dir), held);
  return runs;
}

Result<OpenControl> open_control(const Cli& cli, const std::string& command) {
  OpenControl control;
  CAIRN_ASSIGN(control.remote, find_server(cli));
  if (control.remote) return control;
  // An engine would make a store where there is none.
  CAIRN_TRY(open_store(cli));
  CAIRN_ASSIGN(control.engine, start_engine(cli, {}, command, EngineUse::kOneCommand));
  return control;
}

// Slashes within a label part nothing: "r/stage[path=/a]/out".
Result<RunTarget> parse_target(const std::string& text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    if (c == '[') ++depth;
    if (c == ']') --depth;
    if (c == '/' && depth <= 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() > 3 || parts[0].empty())
    return invalid_argument("'" + printable(text) + "' names no run",
                            "write RUN, RUN/STAGE or RUN/STAGE/OUTPUT");
  parts.resize(3);
  return RunTarget{parts[0], parts[1], parts[2]};
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
