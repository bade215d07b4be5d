#include "core/cli/machine.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "core/base/quantity.h"
#include "core/base/subprocess.h"
#include "core/base/text.h"
#include "core/cli/capture.h"
#include "core/cli/output.h"
#include "core/cli/workflow_file.h"
#include "core/executors/machine.h"
#include "core/plugin/gates.h"
#include "core/server/on_strand.h"

namespace cairn {
namespace {

// How long a host goes on without an engine.
constexpr Duration kRunOrphan{std::chrono::minutes(10)};
constexpr Duration kServiceOrphan{std::chrono::hours(24)};

}  // namespace

void add_machine_options(CLI::App& command, const std::shared_ptr<MachineOptions>& options) {
  const char* group = "Machine";
  command.add_option("--cpus", options->cpus, "Processors to use (default: all we may)")
      ->check(CLI::PositiveNumber)
      ->group(group);
  command.add_option("--memory", options->memory, "Memory to use, such as 8Gi (default: all)")
      ->type_name("SIZE")
      ->group(group);
  command
      .add_option("--gpus", options->gpus,
                  "GPUs to use: how many, or their ids with commas (default: all)")
      ->type_name("GPUS")
      ->group(group);
  command
      .add_option("--orphan-timeout", options->orphan_timeout,
                  "How long a host goes on after its engine was killed")
      ->type_name("DURATION")
      ->group(group);
}

Result<OperationConfig> load_config(const Cli& cli) {
  const bool named = !cli.options.config.empty();
  const fs::path file = named ? cli.options.config : cli.options.state_dir / "config.yaml";
  std::error_code ignored;
  if (!named && !fs::exists(file, ignored)) return OperationConfig{};
  Diagnostics diagnostics;
  CAIRN_ASSIGN(OperationConfig config, read_config(file, diagnostics));
  if (diagnostics.has_errors()) {
    print_diagnostics(cli, diagnostics);
    return invalid_argument("the configuration " + file.string() + " is wrong");
  }
  return config;
}

Result<std::vector<std::string>> parse_gpus(const std::string& text) {
  constexpr int kMost = 1024;
  int count = 0;
  const char* end = text.data() + text.size();
  if (const auto [rest, error] = std::from_chars(text.data(), end, count);
      error == std::errc() && rest == end && count >= 0 && count <= kMost) {
    std::vector<std::string> devices;
    for (int i = 0; i < count; ++i) devices.push_back(std::to_string(i));
    return devices;
  }
  std::vector<std::string> devices;
  for (const std::string_view device : split(text, ',')) {
    const std::string id(trim(device));
    if (id.empty() || std::find(devices.begin(), devices.end(), id) != devices.end()) {
      return invalid_argument("--gpus '" + printable(text) + "' names a device twice or none",
                              "write a count, or ids with commas: --gpus 0,1");
    }
    devices.push_back(id);
  }
  return devices;
}

std::vector<std::string> find_gpus(const fs::path& root) {
  constexpr std::string_view kField = "GPU UUID:";
  std::vector<std::string> devices;
  std::error_code error;
  for (fs::directory_iterator it(root / "proc/driver/nvidia/gpus", error), end; !error && it != end;
       it.increment(error)) {
    const auto text = real_file_system().read(it->path() / "information");
    if (!text.ok()) continue;
    for (const std::string_view line : split(*text, '\n')) {
      if (line.starts_with(kField)) devices.emplace_back(trim(line.substr(kField.size())));
    }
  }
  std::sort(devices.begin(), devices.end());
  return devices;
}

Result<std::unique_ptr<EngineProcess>> start_engine(const Cli& cli, const MachineOptions& machine,
                                                    const std::string& command, EngineUse use,
                                                    std::optional<TcpOptions> tcp) {
  // Logs, outputs and journals of runs are their owner's alone, also those of its hosts.
  ::umask(077);
  CAIRN_ASSIGN(const OperationConfig config, load_config(cli));
  CAIRN_ASSIGN(const MachineTotals totals, machine_totals());
  EngineOptions options;
  options.totals.cpus = static_cast<std::uint32_t>(machine.cpus > 0 ? machine.cpus : totals.cpus);
  options.totals.memory_bytes = totals.memory_bytes;
  if (!machine.memory.empty()) {
    CAIRN_ASSIGN(options.totals.memory_bytes, parse_bytes(machine.memory));
  }
  options.totals.gpus = find_gpus();
  if (!machine.gpus.empty()) {
    CAIRN_ASSIGN(options.totals.gpus, parse_gpus(machine.gpus));
  }
  options.totals.pools = config.pools;
  options.free_space = config.free_space;
  const bool service = use == EngineUse::kService;
  options.keep_warm = service;
  options.temporary = use == EngineUse::kScratch;
  if (service) {
    options.trust_plugin = [program = cli.host_program()](const std::string& library) {
      return check_plugin_trust(library, program);
    };
  }
  options.orphan_timeout = config.orphan_timeout.value_or(service ? kServiceOrphan : kRunOrphan);
  if (!machine.orphan_timeout.empty()) {
    CAIRN_ASSIGN(options.orphan_timeout, parse_duration(machine.orphan_timeout));
  }
  options.state_dir = fs::absolute(cli.options.state_dir);
  options.store_dir = fs::absolute(cli.options.store_dir);
  options.host_program = cli.host_program();
  options.environment = current_environment();
  options.variables = config.environment;
  options.privileges = config.privileges;
  options.command = command;
  options.plugin_dirs = cli.options.plugin_dirs;
  options.version = kCairnVersion;
  options.capture = [&cli](const WorkflowSpec& spec) { return capture_environment(cli, spec); };
  options.tcp = std::move(tcp);
  if (auto folder = cli.environment.variable("XDG_RUNTIME_DIR")) options.runtime_dir = *folder;
  CAIRN_ASSIGN(auto engine, EngineProcess::start(options, real_file_system(), system_clock()));
  // A server takes the other runs up; a scratch folder's are copies, and no host belongs to them.
  Scheduler& scheduler = engine->scheduler();
  if (use == EngineUse::kOneCommand) {
    CAIRN_TRY(on_strand(scheduler, [&] { return scheduler.hold_for_others(); }));
  } else if (use == EngineUse::kScratch) {
    CAIRN_TRY(on_strand(scheduler, [&] { return scheduler.recover({}); }));
  }
  return engine;
}

void warn_of_others(const Cli& cli, EngineProcess& engine) {
  const auto runs = on_strand(engine.scheduler(), [&] { return engine.scheduler().other_runs(); });
  for (const std::string& run : runs) {
    std::string message = "hosts of run ";
    message.append(run).append(
        " work on without their engine, and what they hold of this machine is not free");
    std::string hint = "go on with it: cairn resume ";
    hint.append(run).append("; or end it: cairn cancel ").append(run);
    print_warning(cli, conflict(std::move(message), std::move(hint)));
  }
}

}  // namespace cairn
