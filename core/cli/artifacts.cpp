// cairn artifacts list|path
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

ExitCode list_artifacts(const Cli& cli, const std::string& run) {
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  const auto document = runs->source().get(run);
  if (!document.ok()) return fail(cli, document.error());
  json::array rows;
  Table table({{"OUTPUT"}, {"KIND"}, {"SIZE", Table::Align::kRight}, {"DIGEST"}});
  for (const auto& value : document->at("stages").as_array()) {
    const auto& stage = value.as_object();
    const auto* outputs = stage.if_contains("outputs");
    if (outputs == nullptr || !outputs->is_object()) continue;
    for (const auto& [name, output] : outputs->as_object()) {
      json::object row = output.as_object();
      const std::string full = text_of(stage, "name") + "/" + std::string(name);
      row["output"] = full;
      table.add_row({full, text_of(row, "kind"), format_bytes(number_of(row, "bytes")),
                     text_of(row, "digest")});
      rows.push_back(std::move(row));
    }
  }
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, rows);
  } else {
    table.print(*cli.out);
  }
  return ExitCode::kDone;
}

ExitCode artifact_path(const Cli& cli, const std::string& text) {
  const auto target = parse_target(text);
  if (!target.ok()) return fail(cli, target.error());
  if (target->output.empty())
    return fail(cli, invalid_argument("'" + text + "' names no output", "write RUN/STAGE/OUTPUT"));
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  const auto run = runs->source().get(target->run);
  if (!run.ok()) return fail(cli, run.error());
  const auto stage = find_stage(*run, target->stage);
  if (!stage.ok()) return fail(cli, stage.error());
  std::vector<std::string> names;
  if (const auto* outputs = (*stage)->if_contains("outputs"); outputs && outputs->is_object()) {
    for (const auto& [name, output] : outputs->as_object()) {
      names.emplace_back(name);
      if (names.back() != target->output) continue;
      *cli.out << text_of(output.as_object(), "path") << "\n";
      return ExitCode::kDone;
    }
  }
  return fail(cli, not_found("stage '" + target->stage + "' has no output '" + target->output + "'",
                             names.empty() ? "it has none yet" : "it has " + join(names, ", ")));
}

}  // namespace

void add_artifacts(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("artifacts", "Find what stages made");
  command->require_subcommand(1);
  auto run = std::make_shared<std::string>("@latest");
  auto* list = command->add_subcommand("list", "Outputs of a run with kind, size and digest");
  list->add_option("RUN", *run, "Id, unique prefix, name or @latest (the default)");
  list->callback([&cli, run] { cli.action = [&cli, run] { return list_artifacts(cli, *run); }; });
  auto target = std::make_shared<std::string>();
  auto* path = command->add_subcommand("path", "Where an output lies on disk");
  path->add_option("RUN/STAGE/OUTPUT", *target, "The output")->required();
  path->callback(
      [&cli, target] { cli.action = [&cli, target] { return artifact_path(cli, *target); }; });
}

}  // namespace cairn
