// cairn plugins new NAME
#include <algorithm>
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/cli.h"
#include "core/cli/output.h"
#include "core/cli/plugin_commands.h"
#include "core/cli/plugin_templates.h"

namespace cairn {
namespace {

struct Options {
  std::string name;
  std::string kind = "filter";
  bool torch = false;
  bool force = false;
};

// "cairn" where a shell would find this program by that name.
std::string program_name(const Cli& cli) {
  const fs::path folder = cli.environment.program.parent_path();
  for (const auto part : split(cli.environment.variable("PATH").value_or(""), ':')) {
    std::error_code error;
    if (!part.empty() && fs::equivalent(fs::path(part), folder, error)) return "cairn";
  }
  return cli.environment.program.string();
}

// What CMake does not search by itself.
std::string package_prefix(const Cli& cli) {
  const fs::path prefix = cli.environment.program.parent_path().parent_path();
  std::error_code error;
  const bool searched = prefix == "/usr" || prefix == "/usr/local";
  return searched || !fs::exists(prefix / "lib/cmake/Cairn", error) ? "" : prefix.string();
}

ExitCode make(const Cli& cli, const Options& options) {
  const auto files = new_plugin_files({.name = options.name,
                                       .kind = options.torch ? "trainer" : options.kind,
                                       .torch = options.torch,
                                       .cairn = program_name(cli),
                                       .prefix = package_prefix(cli)});
  if (!files.ok()) return fail(cli, files.error());
  const fs::path folder = options.name;
  std::vector<std::string> there;
  std::error_code error;
  for (const NewFile& file : *files)
    if (fs::exists(fs::symlink_status(folder / file.name, error))) there.push_back(file.name);
  if (!there.empty() && !options.force)
    return fail(cli, conflict(folder.string() + " already holds " + join(there, ", "),
                              "choose another name, or replace them with --force"));
  json::array written;
  for (const NewFile& file : *files) {
    fs::create_directories(folder, error);
    if (error) return fail(cli, io_error("create folder", folder, error.value()));
    const auto done = real_file_system().write_atomic(folder / file.name, file.text);
    if (!done.ok()) return fail(cli, done.error());
    written.emplace_back((folder / file.name).string());
    const bool replaced = std::ranges::find(there, file.name) != there.end();
    if (cli.options.output == OutputFormat::kTable)
      *cli.out << (replaced ? "replaced " : "wrote ") << (folder / file.name).string() << "\n";
    if (cli.options.output == OutputFormat::kName)
      *cli.out << (folder / file.name).string() << "\n";
  }
  if (cli.options.output == OutputFormat::kJson)
    print_json(cli, json::object{{"folder", fs::absolute(folder).string()},
                                 {"files", std::move(written)}});
  if (cli.options.output == OutputFormat::kTable && !cli.options.quiet)
    *cli.out << "\nbuild, test and run it: see " << (folder / "README.md").string() << "\n";
  return ExitCode::kDone;
}

}  // namespace

void add_plugins_new(CLI::App& plugins, Cli& cli) {
  auto* command = plugins.add_subcommand(
      "new", "A folder with a plugin that builds, passes its test and runs in a workflow");
  auto options = std::make_shared<Options>();
  command->add_option("NAME", options->name, "Name of the folder, the library and the stage type")
      ->required();
  command->add_option("--kind", options->kind, "filter, source, trainer or scorer")
      ->check(CLI::IsMember(plugin_kinds()));
  command->add_flag("--torch", options->torch, "A trainer on LibTorch")->excludes("--kind");
  command->add_flag("--force", options->force, "Replace files that are there");
  command->callback(
      [&cli, options] { cli.action = [&cli, options] { return make(cli, *options); }; });
}

}  // namespace cairn
