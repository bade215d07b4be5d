#include "core/cli/capture.h"

#include <sys/utsname.h>

#include <array>

#include "core/base/subprocess.h"
#include "core/base/text.h"
#include "core/base/trace_context.h"
#include "core/cli/machine.h"

namespace cairn {
namespace {

constexpr Duration kGitTimeout{10'000};
constexpr std::array kVariables = {"CUDA_VISIBLE_DEVICES",
                                   "OMP_NUM_THREADS",
                                   "OPENBLAS_NUM_THREADS",
                                   "MKL_NUM_THREADS",
                                   "LD_LIBRARY_PATH",
                                   "LD_PRELOAD",
                                   "PYTHONPATH",
                                   "LANG",
                                   "LC_ALL",
                                   "TZ"};

std::string cpu_model() {
  const auto text = real_file_system().read("/proc/cpuinfo");
  if (!text.ok()) return {};
  for (const std::string_view line : split(*text, '\n')) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) return std::string(trim(line.substr(colon + 1)));
  }
  return {};
}

bool below_git(fs::path folder) {
  std::error_code ignored;
  while (!fs::exists(folder / ".git", ignored)) {
    if (!folder.has_relative_path()) return false;
    folder = folder.parent_path();
  }
  return true;
}

std::optional<fs::path> find_program(const Cli& cli, const std::string& name) {
  const std::string path = cli.environment.variable("PATH").value_or("/usr/bin:/bin");
  for (const std::string_view folder : split(path, ':')) {
    std::error_code ignored;
    if (!folder.empty() && fs::is_regular_file(fs::path(folder) / name, ignored))
      return fs::path(folder) / name;
  }
  return std::nullopt;
}

// Whether the command succeeded; its output goes to use.
bool git(const fs::path& program, const fs::path& folder, std::vector<std::string> arguments,
         const std::function<void(std::string_view bytes)>& use) {
  ProcessSpec spec;
  spec.argv = {program.string(), "-C", folder.string()};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  spec.environment = current_environment();
  spec.environment.emplace_back("GIT_OPTIONAL_LOCKS=0");
  ProcessHooks hooks;
  hooks.timeout = kGitTimeout;
  hooks.output = [&](bool is_error, std::string_view bytes) {
    if (!is_error) use(bytes);
  };
  const auto end = run_process(spec, hooks);
  return end.ok() && end->success();
}

// The commit, and what differs from it below the workflow's folder.
std::optional<json::object> capture_git(const Cli& cli, const fs::path& folder) {
  if (!below_git(folder)) return std::nullopt;
  const auto program = find_program(cli, "git");
  if (!program) return std::nullopt;
  std::string commit;
  const auto keep = [&](std::string_view bytes) { commit += bytes; };
  if (!git(*program, folder, {"rev-parse", "HEAD"}, keep)) return std::nullopt;
  json::object captured{{"commit", std::string(trim(commit))}};
  Hasher hasher;
  bool dirty = false;
  const auto hash = [&](std::string_view bytes) {
    dirty = dirty || !bytes.empty();
    hasher.update(bytes);
  };
  if (!git(*program, folder, {"diff", "--no-ext-diff", "--binary", "HEAD", "--", "."}, hash)) {
    return captured;
  }
  captured["dirty"] = dirty;
  if (dirty) captured["diff"] = hasher.finish();
  return captured;
}

}  // namespace

json::object capture_environment(const Cli& cli, const WorkflowSpec& spec) {
  json::object captured{{"cairn", kCairnVersion}};
  utsname machine{};
  if (::uname(&machine) == 0) {
    captured["host"] = machine.nodename;
    captured["kernel"] = std::string(machine.sysname) + " " + machine.release;
  }
  if (const std::string cpu = cpu_model(); !cpu.empty()) captured["cpu"] = cpu;
  if (auto git = capture_git(cli, spec.folder)) captured["git"] = std::move(*git);
  json::object plugins;
  for (const StageSpec& stage : spec.stages) plugins[stage.plugin] = stage.plugin_digest;
  captured["plugins"] = std::move(plugins);
  json::object variables;
  std::vector<std::string> names(kVariables.begin(), kVariables.end());
  // A configuration that is wrong is told by the engine that goes by it.
  Cli silent = cli;
  std::ostream nowhere(nullptr);
  silent.err = &nowhere;
  if (const auto config = load_config(silent); config.ok())
    names.insert(names.end(), config->capture.begin(), config->capture.end());
  for (const std::string& name : names) {
    if (auto value = cli.environment.variable(name)) variables[name] = *value;
  }
  captured["variables"] = std::move(variables);
  return captured;
}

std::string traceparent_of(const Cli& cli) {
  const auto context = parse_traceparent(cli.environment.variable("TRACEPARENT").value_or(""));
  return context ? to_traceparent(*context) : std::string();
}

}  // namespace cairn
