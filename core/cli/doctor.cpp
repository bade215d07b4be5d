// cairn doctor: whether this machine is fit to run workflows, and what to do where it is not.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "core/base/text.h"
#include "core/cli/checks.h"
#include "core/cli/commands.h"
#include "core/cli/machine.h"
#include "core/cli/output.h"
#include "core/executors/machine.h"
#include "core/plugin/manifest.h"

namespace cairn {
namespace {

constexpr std::uint64_t kLowDisk = 2ULL << 30;
constexpr std::uint64_t kFullDisk = 256ULL << 20;

const char* to_string(DoctorCheck::Status status) {
  switch (status) {
    case DoctorCheck::Status::kOk:
      return "ok";
    case DoctorCheck::Status::kWarning:
      return "warning";
    case DoctorCheck::Status::kFailed:
      return "failed";
  }
  return "failed";
}

DoctorCheck check_writable(const char* name, const fs::path& folder) {
  const fs::path existing = nearest_existing(folder);
  if (!fs::is_directory(existing)) {
    return failed_check(name, existing.string() + " is not a folder", "choose another --state-dir");
  }
  if (::access(existing.c_str(), W_OK | X_OK) != 0) {
    return failed_check(name, "cannot write to " + existing.string() + ": " + std::strerror(errno),
                        "choose a folder of your own with --state-dir or --store-dir");
  }
  const bool exists = existing == fs::absolute(folder);
  return ok_check(name, fs::absolute(folder).lexically_normal().string() +
                            (exists ? "" : " (made by the first run)"));
}

DoctorCheck check_disk(const char* name, const fs::path& folder, bool must_be_local) {
  const auto disk = disk_state(folder);
  if (!disk.ok()) return failed_check(name, disk.error().message, disk.error().hint);
  const std::string space = format_bytes(disk->free_bytes) + " free";
  if (must_be_local && disk->kind != "local") {
    return failed_check(name, "the state folder lies on " + disk->kind + ", which loses locks",
                        "keep --state-dir on a local disk; --store-dir may be shared");
  }
  if (disk->free_bytes < kFullDisk) return failed_check(name, space, "free some space");
  if (disk->free_bytes < kLowDisk) return warning_check(name, space, "models may not fit");
  return ok_check(name, space);
}

void check_plugins(const Cli& cli, std::vector<DoctorCheck>& checks) {
  const fs::path host = cli.host_program();
  if (::access(host.c_str(), X_OK) != 0) {
    checks.push_back(failed_check("host program", "cannot execute " + host.string(),
                                  "install cairn-host beside cairn"));
    return;
  }
  checks.push_back(ok_check("host program", host.string()));
  std::vector<fs::path> folders;
  for (const fs::path& folder : cli.options.plugin_dirs) {
    if (fs::is_directory(folder)) {
      folders.push_back(folder);
    } else {
      checks.push_back(failed_check("plugins", folder.string() + " is not a folder",
                                    "check --plugin-dir and CAIRN_PLUGIN_PATH"));
    }
  }
  const auto registry = Registry::scan(folders, host);
  if (!registry.ok()) {
    checks.push_back(failed_check("plugins", registry.error().message, registry.error().hint));
    return;
  }
  for (const Error& problem : registry->problems()) {
    checks.push_back(failed_check("plugins", problem.message, problem.hint));
  }
  for (const auto& [name, conflict] : registry->conflicts()) {
    checks.push_back(warning_check("plugins", conflict.message, conflict.hint));
  }
  const std::string found = std::to_string(registry->stage_types().size()) + " stage types in " +
                            std::to_string(registry->libraries().size()) + " libraries";
  checks.push_back(
      registry->libraries().empty()
          ? failed_check("plugins", found, "name the folder of the plugins: --plugin-dir")
          : ok_check("plugins", found));
}

DoctorCheck check_blas() {
  const auto blas = find_blas();
  if (!blas) {
    return warning_check("BLAS", "no libblas.so.3 is installed",
                         "models need one: apt install libopenblas0-openmp");
  }
  if (is_reference_blas(*blas)) {
    return failed_check("BLAS", blas->string() + " is the slow reference BLAS",
                        "apt install libopenblas0-openmp");
  }
  return ok_check("BLAS", blas->string());
}

void check_machine(std::vector<DoctorCheck>& checks) {
  const auto totals = machine_totals();
  if (!totals.ok()) {
    checks.push_back(failed_check("machine", totals.error().message, totals.error().hint));
  } else {
    checks.push_back(ok_check("processors", std::to_string(totals->cpus)));
    const std::string memory = format_bytes(totals->memory_bytes);
    checks.push_back(totals->memory_bytes < (2ULL << 30)
                         ? warning_check("memory", memory, "training a model needs 2 GiB or more")
                         : ok_check("memory", memory));
  }
  const CgroupState cgroup = cgroup_state();
  checks.push_back(ok_check(
      "memory limits", std::string("kept by each host itself, not by the kernel; cgroup v2 is ") +
                           (cgroup.delegated ? "delegated to us"
                            : cgroup.unified ? "there, but not delegated to us"
                                             : "not there")));
}

void check_configuration(const Cli& cli, std::vector<DoctorCheck>& checks) {
  const auto config = load_config(cli);
  if (!config.ok())
    checks.push_back(failed_check("configuration", config.error().message, "correct the file"));
}

ExitCode report(const Cli& cli, const std::vector<DoctorCheck>& checks) {
  bool fit = true;
  json::array entries;
  Table table({{"CHECK"}, {"STATUS"}, {"DETAIL"}});
  for (const DoctorCheck& check : checks) {
    fit = fit && check.status != DoctorCheck::Status::kFailed;
    entries.push_back(json::object{{"name", check.name},
                                   {"status", to_string(check.status)},
                                   {"message", check.message},
                                   {"hint", check.hint}});
    table.add_row({check.name, to_string(check.status),
                   check.message + (check.hint.empty() ? "" : " (" + check.hint + ")")});
  }
  if (cli.options.output == OutputFormat::kName) {
    for (const DoctorCheck& check : checks) {
      if (check.status != DoctorCheck::Status::kOk) *cli.out << check.name << "\n";
    }
  } else if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, json::object{{"ok", fit}, {"checks", std::move(entries)}});
  } else {
    table.print(*cli.out);
  }
  return fit ? ExitCode::kDone : ExitCode::kRunFailed;
}

ExitCode run_doctor(const Cli& cli, bool quick) {
  std::vector<DoctorCheck> checks;
  checks.push_back(check_writable("state folder", cli.options.state_dir));
  checks.push_back(check_disk("state disk", cli.options.state_dir, true));
  checks.push_back(check_writable("store folder", cli.options.store_dir));
  checks.push_back(check_disk("store disk", cli.options.store_dir, false));
  check_plugins(cli, checks);
  checks.push_back(check_blas());
  check_machine(checks);
  check_configuration(cli, checks);
  check_store(cli, quick, checks);
  return report(cli, checks);
}

}  // namespace

void add_doctor(CLI::App& app, Cli& cli) {
  CLI::App* command =
      app.add_subcommand("doctor", "Check this machine and what lies in the state folder");
  auto quick = std::make_shared<bool>(false);
  command->add_flag("--quick", *quick, "Read no bytes of artifacts, checkpoints and tables");
  command->callback(
      [&cli, quick] { cli.action = [&cli, quick] { return run_doctor(cli, *quick); }; });
}

}  // namespace cairn
