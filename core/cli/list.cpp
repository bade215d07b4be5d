// cairn list
#include <memory>

#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

// Of a table, unless asked for more.
constexpr std::uint32_t kRowsShown = 100;

void print_rows(const Cli& cli, const json::array& rows) {
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, rows);
    return;
  }
  Table table({{"RUN"}, {"NAME"}, {"STATUS"}, {"TASKS", Table::Align::kRight}, {"CREATED"}});
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
}

ExitCode list(const Cli& cli, ListOptions options, bool limited) {
  const bool cut = !limited && cli.options.output == OutputFormat::kTable;
  if (cut) options.limit = kRowsShown + 1;
  auto runs = open_runs(cli);
  if (!runs.ok()) {
    // No state folder holds no runs.
    if (runs.error().code != ErrorCode::kNotFound) return fail(cli, runs.error());
    print_rows(cli, {});
    return ExitCode::kDone;
  }
  auto rows = runs->source().list(options);
  if (!rows.ok()) return fail(cli, rows.error());
  const bool more = cut && rows->size() > kRowsShown;
  if (more) rows->resize(kRowsShown);
  print_rows(cli, *rows);
  if (more) {
    *cli.err << "the newest " << kRowsShown << " runs; older ones: --before "
             << text_of(rows->back().as_object(), "id") << ", all: --limit 0\n";
  }
  return ExitCode::kDone;
}

}  // namespace

void add_list(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("list", "List runs, the newest first");
  auto options = std::make_shared<ListOptions>();
  const auto* limit = command->add_option(
      "--limit", options->limit,
      "No more than so many; 0: all. A table shows " + std::to_string(kRowsShown));
  command->add_option("--before", options->before, "Only runs older than this id")
      ->type_name("RUN");
  command->add_option("--status", options->status, "Only runs of this status")->type_name("STATUS");
  command->add_option("--name", options->name, "Only runs of this name")->type_name("NAME");
  command->callback([&cli, options, limit] {
    cli.action = [&cli, options, limit] { return list(cli, *options, limit->count() > 0); };
  });
}

}  // namespace cairn
