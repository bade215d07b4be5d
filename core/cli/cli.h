// The frame of the `cairn` program: common options, exit codes and how a command is run.
//
// Each command lives in a file of its own. Its add_COMMAND(app, cli) (see commands.h) declares a
// subcommand whose callback only sets cli.action; run_cli carries the action out once the whole
// command line is known to be right. Results go to cli.out, everything else to cli.err.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// DESIGN §7; a contract with scripts.
enum class ExitCode : int {
  kDone = 0,
  kRunFailed = 1,
  kUsage = 2,
  kInvalidDefinition = 3,
  kNotFound = 4,
  kUnreachable = 5,
  kCancelled = 6,
  kTimedOut = 7,
  kConflict = 8,
  kInterrupted = 130,
};

enum class OutputFormat { kTable, kJson, kName };

// What the process was started with; tests give their own.
struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  fs::path program;  // the running binary, to find plugins and cairn-host beside it
  bool out_is_terminal = false;
  bool err_is_terminal = false;
};
[[nodiscard]] Environment process_environment();

struct CommonOptions {
  fs::path state_dir;
  fs::path store_dir;  // default: state_dir/store
  std::string server;  // HOST:PORT or tls://HOST:PORT; empty: whoever serves the state folder
  fs::path config;     // empty: state_dir/config.yaml, where there is one
  // In the order they are searched: --plugin-dir, $CAIRN_PLUGIN_PATH, then the folder that comes
  // with the binary.
  std::vector<fs::path> plugin_dirs;
  OutputFormat output = OutputFormat::kTable;
  bool quiet = false;
  bool verbose = false;
  bool color = false;  // of messages on err
};

// --set, --params and --seed, for the commands that check or start a workflow.
struct WorkflowOptions {
  std::vector<std::string> set;  // "name=value", as typed
  fs::path params_file;
  std::optional<std::uint64_t> seed;
};

inline constexpr const char* kCairnVersion = "0.1.0";

struct Cli {
  CommonOptions options;
  WorkflowOptions workflow;
  Environment environment;
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  std::function<ExitCode()> action;

  // The cairn-host that belongs to this binary.
  [[nodiscard]] fs::path host_program() const;
};

// Adds --set, --params and --seed to a subcommand.
void add_workflow_options(CLI::App& command, Cli& cli);

// The program with its options and commands, to read the names off (completion). What its
// callbacks fill in is nobody's.
using VisitApp = std::function<void(const CLI::App& app)>;
void visit_app(const VisitApp& visit);

// Parses and runs one command line. Never throws.
[[nodiscard]] ExitCode run_cli(const std::vector<std::string>& arguments,
                               const Environment& environment, std::ostream& out,
                               std::ostream& err);

}  // namespace cairn
