// cairn ui
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>

#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/cli/ui_link.h"
#include "core/server/security/private_file.h"
#include "core/server/security/tokens.h"

namespace cairn {
namespace {

Result<std::string> address_of(const Cli& cli) {
  if (!cli.options.server.empty()) {
    return invalid_argument("a link is made where the state folder is, not over --server",
                            "log in there, or sign in on the page with a token");
  }
  CAIRN_ASSIGN(const auto server, require_server(cli));
  CAIRN_ASSIGN(const json::object description, server->describe());
  std::string url = text_of(description, "http");
  if (!url.empty()) return url;
  return make_error(ErrorCode::kUnavailable,
                    "the engine of " + cli.options.state_dir.string() + " serves no page",
                    "start it with: cairn serve");
}

bool has_display(const Cli& cli) {
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY"}) {
    const auto value = cli.environment.variable(name);
    if (value && !value->empty()) return true;
  }
  return false;
}

std::optional<fs::path> find_program(const Cli& cli, const char* name) {
  const std::string path = cli.environment.variable("PATH").value_or("");
  for (const std::string_view folder : split(path, ':')) {
    const fs::path program = fs::path(folder) / name;
    if (program.is_absolute() && ::access(program.c_str(), X_OK) == 0) return program;
  }
  return std::nullopt;
}

// Nobody waits for it: it may be the browser itself.
Result<void> start(const fs::path& program, const fs::path& file) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    ::posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_RDWR, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::string name = program.string();
  std::string argument = file.string();
  char* const arguments[] = {name.data(), argument.data(), nullptr};
  pid_t child = 0;
  const int failure =
      ::posix_spawn(&child, program.c_str(), &files, &attributes, arguments, environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (failure != 0) return io_error("start", program, failure);
  return {};
}

Result<void> open_browser(const Cli& cli, const std::string& link) {
  const auto program = find_program(cli, "xdg-open");
  if (!program) return not_found("there is no xdg-open to open a browser with");
  const fs::path file = fs::absolute(cli.options.state_dir) / "open.html";
  CAIRN_TRY(write_private(file, landing_page(link)));
  return start(*program, file);
}

Result<std::string> make_link(const Cli& cli) {
  CAIRN_ASSIGN(const std::string url, address_of(cli));
  CAIRN_ASSIGN(const auto tokens, AccessTokens::open(cli.options.state_dir, system_clock()));
  CAIRN_ASSIGN(const Minted code, tokens->make_code(Role::kAdmin, kAdminId));
  return ui_link(url, code.secret);
}

ExitCode ui(const Cli& cli, bool opens) {
  const auto link = make_link(cli);
  if (!link.ok()) return fail(cli, link.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, json::object{{"url", *link}});
  } else {
    *cli.out << *link << std::endl;
    if (!cli.options.quiet) *cli.err << "good once, within two minutes\n";
  }
  if (!opens || !has_display(cli)) return ExitCode::kDone;
  if (const auto opened = open_browser(cli, *link); !opened.ok())
    print_warning(cli, opened.error());
  return ExitCode::kDone;
}

}  // namespace

void add_ui(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("ui", "Open the page of the engine, signed in");
  command->footer(
      "Prints a link that signs in one browser, once, within two minutes. From another machine:\n"
      "ssh -L 7717:localhost:7717 HOST, and open the link there.");
  auto no_open = std::make_shared<bool>(false);
  command->add_flag("--no-open", *no_open, "Only print the link; start no browser");
  command->callback(
      [&cli, no_open] { cli.action = [&cli, no_open] { return ui(cli, !*no_open); }; });
}

}  // namespace cairn
