// cairn list
#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

ExitCode list(const Cli& cli) {
  auto runs = open_runs(cli);
  json::array rows;
  if (runs.ok()) {
    auto listed = runs->source().list();
    if (!listed.ok()) return fail(cli, listed.error());
    rows = std::move(listed).value();
  } else if (runs.error().code != ErrorCode::kNotFound) {
    return fail(cli, runs.error());
  }
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, rows);
    return ExitCode::kDone;
  }
  Table table({{"RUN"}, {"NAME"}, {"STATUS"}, {"STAGES", Table::Align::kRight}, {"CREATED"}});
  for (const auto& value : rows) {
    const auto& row = value.as_object();
    if (cli.options.output == OutputFormat::kName) {
      *cli.out << text_of(row, "id") << "\n";
      continue;
    }
    const auto& stages = row.at("stages").as_object();
    table.add_row({text_of(row, "id"), text_of(row, "name"), text_of(row, "status"),
                   std::to_string(number_of(stages, "succeeded")) + "/" +
                       std::to_string(number_of(stages, "total")),
                   local_time(text_of(row, "created_at"))});
  }
  if (cli.options.output == OutputFormat::kTable) table.print(*cli.out);
  return ExitCode::kDone;
}

}  // namespace

void add_list(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("list", "List runs, the newest first");
  command->callback([&cli] { cli.action = [&cli] { return list(cli); }; });
}

}  // namespace cairn
