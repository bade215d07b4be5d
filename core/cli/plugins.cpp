// cairn plugins list|describe, and where the others are added
#include <memory>
#include <string>
#include <vector>

#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/plugin_commands.h"
#include "core/cli/workflow_file.h"
#include "core/server/reading/fields.h"
#include "core/workflow/schema.h"

namespace cairn {
namespace {

// Those of the engine of --server.
ExitCode remote_list(const Cli& cli) {
  const auto server = require_server(cli);
  if (!server.ok()) return fail(cli, server.error());
  const auto document = (*server)->ask(v1::ListPluginsRequest());
  if (!document.ok()) return fail(cli, document.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, *document);
    return ExitCode::kDone;
  }
  for (const std::string& problem : texts_of(*document, "problems"))
    print_warning(cli, invalid_argument(problem));
  Table table({{"STAGE TYPE"}, {"WHAT IT DOES"}, {"LIBRARY"}});
  for (const json::value& value : document->at("stage_types").as_array()) {
    const json::object& type = value.as_object();
    if (cli.options.output == OutputFormat::kName) *cli.out << text_of(type, "name") << "\n";
    table.add_row({text_of(type, "name"), text_of(type, "doc"), text_of(type, "library")});
  }
  if (cli.options.output == OutputFormat::kTable) table.print(*cli.out);
  return ExitCode::kDone;
}

ExitCode remote_describe(const Cli& cli, std::vector<std::string> names) {
  const auto server = require_server(cli);
  if (!server.ok()) return fail(cli, server.error());
  if (names.empty()) {
    const auto all = (*server)->ask(v1::ListPluginsRequest());
    if (!all.ok()) return fail(cli, all.error());
    for (const json::value& type : all->at("stage_types").as_array())
      names.push_back(text_of(type.as_object(), "name"));
  }
  json::array types;
  std::string markdown;
  for (const std::string& name : names) {
    v1::GetPluginRequest request;
    request.set_stage_type(name);
    const auto plugin = (*server)->ask(request);
    if (!plugin.ok()) return fail(cli, plugin.error());
    types.push_back(plugin->at("declaration"));
    markdown += (markdown.empty() ? "" : "\n") + text_of(*plugin, "markdown");
  }
  if (cli.options.output == OutputFormat::kJson)
    print_json(cli, json::object{{"stage_types", std::move(types)}});
  else
    *cli.out << markdown;
  return ExitCode::kDone;
}

ExitCode list(const Cli& cli) {
  if (!cli.options.server.empty()) return remote_list(cli);
  auto registry = load_registry(cli);
  if (!registry.ok()) return fail(cli, registry.error());
  json::array types;
  Table table({{"STAGE TYPE"}, {"WHAT IT DOES"}, {"LIBRARY"}});
  for (const std::string& name : registry->stage_types()) {
    const Registry::Entry* entry = registry->find(name);
    if (cli.options.output == OutputFormat::kName) *cli.out << name << "\n";
    types.push_back(json::object{{"name", name},
                                 {"doc", entry->stage->doc},
                                 {"revision", entry->stage->revision},
                                 {"library", entry->library->library.string()},
                                 {"digest", entry->library->digest}});
    table.add_row({name, entry->stage->doc, entry->library->library.string()});
  }
  json::array conflicts;
  for (const auto& [name, conflict] : registry->conflicts()) {
    conflicts.push_back(
        json::object{{"name", name}, {"message", conflict.message}, {"hint", conflict.hint}});
    if (cli.options.output != OutputFormat::kJson) print_warning(cli, conflict);
  }
  if (cli.options.output == OutputFormat::kJson) {
    json::array problems;
    for (const Error& problem : registry->problems()) problems.emplace_back(problem.to_string());
    print_json(cli, json::object{{"stage_types", std::move(types)},
                                 {"conflicts", std::move(conflicts)},
                                 {"problems", std::move(problems)}});
  } else if (cli.options.output == OutputFormat::kTable) {
    if (table.empty())
      print_warning(cli, not_found("no plugins were found", "name a folder with --plugin-dir"));
    else
      table.print(*cli.out);
  }
  return ExitCode::kDone;
}

ExitCode describe(const Cli& cli, const std::vector<std::string>& names) {
  if (!cli.options.server.empty()) return remote_describe(cli, names);
  auto registry = load_registry(cli);
  if (!registry.ok()) return fail(cli, registry.error());
  json::array types;
  std::string markdown;
  for (const std::string& name : names.empty() ? registry->stage_types() : names) {
    const Registry::Entry* entry = registry->find(name);
    if (const Error* conflict = registry->conflict(name)) return fail(cli, *conflict);
    if (entry == nullptr)
      return fail(cli, not_found("there is no stage type '" + name + "'",
                                 did_you_mean(name, registry->stage_types())));
    types.push_back(to_json(*entry->stage));
    markdown += (markdown.empty() ? "" : "\n") + stage_type_markdown(*entry->stage);
  }
  if (cli.options.output == OutputFormat::kJson)
    print_json(cli, json::object{{"stage_types", std::move(types)}});
  else
    *cli.out << markdown;
  return ExitCode::kDone;
}

}  // namespace

void add_plugins(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("plugins", "Stage types and the libraries that hold them");
  command->require_subcommand(1);
  auto* list_command = command->add_subcommand("list", "All stage types");
  list_command->callback([&cli] { cli.action = [&cli] { return list(cli); }; });
  auto* describe_command = command->add_subcommand(
      "describe", "Parameters, inputs and outputs of stage types, as Markdown or JSON");
  auto names = std::make_shared<std::vector<std::string>>();
  describe_command->add_option("STAGE_TYPE", *names, "Stage types; all where left out");
  describe_command->callback(
      [&cli, names] { cli.action = [&cli, names] { return describe(cli, *names); }; });
  add_plugins_new(*command, cli);
  add_plugins_build(*command, cli);
  add_plugins_check(*command, cli);
}

}  // namespace cairn
