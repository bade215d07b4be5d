#include "core/cli/cli.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/output.h"
#include "core/cli/terminal_text.h"

namespace cairn {
namespace {

// Options as typed, before defaults from the environment are filled in.
struct Typed {
  std::string state_dir;
  std::string store_dir;
  std::vector<std::string> plugin_dirs;
  std::string config;
  bool raw = false;  // results as they are; else Cli::out shows them as terminal_text() does
  bool no_color = false;
};

void add_common_options(CLI::App& app, Cli& cli, Typed& typed) {
  const char* group = "Common options (before or after the command)";
  app.add_option("--state-dir", typed.state_dir,
                 "Folder of the journal, on a local disk ($CAIRN_STATE_DIR, else .cairn)")
      ->type_name("DIR")
      ->group(group);
  app.add_option("--store-dir", typed.store_dir,
                 "Folder of artifacts and attempts (STATE_DIR/store)")
      ->type_name("DIR")
      ->group(group);
  app.add_option("--plugin-dir", typed.plugin_dirs,
                 "Folder to search for plugins first; repeatable (also $CAIRN_PLUGIN_PATH)")
      ->type_name("DIR")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--server", cli.options.server,
                 "Engine to ask over TCP; its token is $CAIRN_TOKEN, else in STATE_DIR/token")
      ->type_name("ADDRESS")
      ->group(group);
  app.add_option("--config", typed.config, "Configuration of the engine (STATE_DIR/config.yaml)")
      ->type_name("FILE")
      ->group(group);
  app.add_option_function<std::string>(
         "-o,--output",
         [&cli](const std::string& format) {
           static const std::map<std::string, OutputFormat> kFormats = {
               {"table", OutputFormat::kTable},
               {"json", OutputFormat::kJson},
               {"name", OutputFormat::kName}};
           const auto found = kFormats.find(format);
           if (found == kFormats.end())
             throw CLI::ValidationError(
                 "-o", "'" + printable(format) + "' is not one of table, json, name");
           cli.options.output = found->second;
         },
         "table, json or name")
      ->type_name("FORMAT")
      ->group(group);
  app.add_flag("--raw", typed.raw,
               "Results with the control and invisible characters that data hold, not their codes")
      ->group(group);
  app.add_flag("--no-color", typed.no_color, "No colours (also $NO_COLOR)")->group(group);
  app.add_flag("-q,--quiet", cli.options.quiet, "Only results and errors")->group(group);
  app.add_flag("-v,--verbose", cli.options.verbose, "Say more on stderr")->group(group);
}

std::optional<std::string> variable(const Environment& environment, const std::string& name) {
  auto value = environment.variable(name);
  return value && !value->empty() ? value : std::nullopt;
}

// The plugins that come with the binary: the build's folder, or that of an installed tree.
std::optional<fs::path> bundled_plugins(const fs::path& program) {
  const fs::path prefix = program.parent_path().parent_path();
  for (const char* folder : {"plugins", "lib/cairn/plugins"}) {
    std::error_code ignored;
    if (fs::is_directory(prefix / folder, ignored)) return prefix / folder;
  }
  return std::nullopt;
}

void fill_defaults(Cli& cli, const Typed& typed) {
  const Environment& environment = cli.environment;
  CommonOptions& options = cli.options;
  options.state_dir = !typed.state_dir.empty()
                          ? typed.state_dir
                          : variable(environment, "CAIRN_STATE_DIR").value_or(".cairn");
  options.store_dir =
      typed.store_dir.empty() ? options.state_dir / "store" : fs::path(typed.store_dir);
  options.config = typed.config;
  options.plugin_dirs.assign(typed.plugin_dirs.begin(), typed.plugin_dirs.end());
  if (auto path = variable(environment, "CAIRN_PLUGIN_PATH")) {
    for (std::string_view folder : split(*path, ':')) {
      if (!folder.empty()) options.plugin_dirs.emplace_back(folder);
    }
  }
  if (auto bundled = bundled_plugins(environment.program)) options.plugin_dirs.push_back(*bundled);
  options.color =
      environment.err_is_terminal && !typed.no_color && !variable(environment, "NO_COLOR");
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

// The deepest command that was named, to point to its help.
const CLI::App& named_command(const CLI::App& app) {
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().back();
  return *deepest;
}

std::string full_name(const CLI::App& command) {
  return command.get_parent() == nullptr
             ? command.get_name()
             : full_name(*command.get_parent()) + " " + command.get_name();
}

Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = named_command(app);
  const std::string help = "see '" + full_name(command) + " --help'";
  const std::vector<std::string> extras = app.remaining(true);
  const std::vector<std::string> commands = command_names(command);
  if (!extras.empty()) {
    const std::string& word = extras.front();
    std::vector<std::string> candidates = commands;
    if (word.starts_with("-")) {
      candidates.clear();
      for (const CLI::App* level = &command; level != nullptr; level = level->get_parent()) {
        for (const CLI::Option* option : level->get_options(nullptr)) {
          for (const std::string& name : option->get_lnames()) candidates.push_back("--" + name);
        }
      }
    }
    auto near = nearest_word(word.substr(0, word.find('=')), candidates);
    const char* what = word.starts_with("-") ? "unknown option '"
                       : commands.empty()    ? "unexpected argument '"
                                             : "unknown command '";
    return invalid_argument(what + printable(word) + "'",
                            (near ? "did you mean '" + *near + "'? " : "") + help);
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !commands.empty()) {
    return invalid_argument("'" + full_name(command) + "' needs a command: " + join(commands, ", "),
                            help);
  }
  return invalid_argument(error.what(), help);
}

void make_app(CLI::App& app, Cli& cli, Typed& typed) {
  app.name("cairn");
  app.set_version_flag("--version", std::string("cairn ") + kCairnVersion);
  app.fallthrough();
  app.require_subcommand(1);
  app.get_formatter()->column_width(30);
  add_common_options(app, cli, typed);
  add_commands(app, cli);
  app.footer(
      "Exit codes: 0 done, 1 run failed, 2 usage, 3 invalid definition, 4 not found,\n"
      "5 unreachable, 6 cancelled, 7 timed out, 8 conflict, 130 interrupted.");
}

ExitCode parse_and_run(const std::vector<std::string>& arguments, Cli& cli, std::ostream& raw) {
  Typed typed;
  CLI::App app("Cairn: a workflow engine for LLM post-training");
  make_app(app, cli, typed);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::Success& success) {  // --help, --version
    app.exit(success, *cli.out, *cli.err);
    return ExitCode::kDone;
  } catch (const CLI::ParseError& error) {
    print_error(cli, usage_error(app, error));
    return ExitCode::kUsage;
  }
  fill_defaults(cli, typed);
  init_logging("cairn", cli.options.quiet     ? Verbosity::kQuiet
                        : cli.options.verbose ? Verbosity::kVerbose
                                              : Verbosity::kNormal);
  if (typed.raw) cli.out = &raw;
  return cli.action();
}

}  // namespace

Environment process_environment() {
  Environment environment;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  std::error_code failed;
  environment.program = fs::read_symlink("/proc/self/exe", failed);
  environment.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  environment.err_is_terminal = isatty(STDERR_FILENO) == 1;
  return environment;
}

fs::path Cli::host_program() const {
  return environment.program.parent_path() / "cairn-host";
}

void add_workflow_options(CLI::App& command, Cli& cli) {
  command.add_option("--set", cli.workflow.set, "Value of a workflow parameter; repeatable")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command.add_option("--params", cli.workflow.params_file, "YAML or JSON file of parameter values")
      ->type_name("FILE");
  command.add_option("--seed", cli.workflow.seed, "Seed of the run (the workflow's, else 0)")
      ->type_name("N");
}

void visit_app(const VisitApp& visit) {
  Cli cli;
  Typed typed;
  CLI::App app("Cairn");
  make_app(app, cli, typed);
  visit(app);
}

ExitCode run_cli(const std::vector<std::string>& arguments, const Environment& environment,
                 std::ostream& out, std::ostream& err) {
  Cli cli;
  cli.environment = environment;
  TerminalFilter filter(out);
  std::ostream shown(&filter);
  cli.out = &shown;
  cli.err = &err;
  try {
    const ExitCode code = parse_and_run(arguments, cli, out);
    shown.flush();
    out.flush();
    if (out.fail()) {
      print_error(cli, make_error(ErrorCode::kIo, "cannot write the results to stdout"));
      return ExitCode::kRunFailed;
    }
    return code;
  } catch (const std::exception& error) {
    print_error(cli, internal_error(error.what()));
    return ExitCode::kRunFailed;
  }
}

}  // namespace cairn
