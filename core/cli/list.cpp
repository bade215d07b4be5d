// cairn list
#include <memory>
#include <string>
#include <vector>

#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/server/run_filter.h"

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

struct ListWish {
  std::uint32_t limit = 0;
  std::string before;
  std::string status;
  std::string name;
  std::string workflow;
  std::vector<std::string> labels;
  std::string created_after;
  std::string created_before;
  std::string q;
};

v1::ListRequest request_of(const ListWish& wish) {
  v1::ListRequest request;
  request.set_limit(wish.limit);
  request.set_before(wish.before);
  request.set_status(wish.status);
  request.set_name(wish.name);
  request.set_workflow(wish.workflow);
  request.mutable_label()->Assign(wish.labels.begin(), wish.labels.end());
  request.set_created_after(wish.created_after);
  request.set_created_before(wish.created_before);
  request.set_q(wish.q);
  return request;
}

ExitCode list(const Cli& cli, const ListWish& wish, bool limited) {
  v1::ListRequest request = request_of(wish);
  if (const auto filter = read_filter(request); !filter.ok()) return fail(cli, filter.error());
  const bool cut = !limited && cli.options.output == OutputFormat::kTable;
  if (cut) request.set_limit(kRowsShown + 1);
  auto runs = open_runs(cli);
  if (!runs.ok()) {
    // No state folder holds no runs.
    if (runs.error().code != ErrorCode::kNotFound) return fail(cli, runs.error());
    print_rows(cli, {});
    return ExitCode::kDone;
  }
  auto rows = runs->source().list(request);
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
  auto wish = std::make_shared<ListWish>();
  const auto* limit = command->add_option(
      "--limit", wish->limit,
      "No more than so many; 0: all. A table shows " + std::to_string(kRowsShown));
  command->add_option("--before", wish->before, "Only runs older than this id")->type_name("RUN");
  command
      ->add_option("--status", wish->status,
                   "Only runs of this status, or of several with commas; '!failed': all but these")
      ->type_name("STATUS");
  command->add_option("--name", wish->name, "Only runs of this name")->type_name("NAME");
  command->add_option("--workflow", wish->workflow, "Only runs of this workflow file")
      ->type_name("FILE");
  command->add_option("--label", wish->labels, "Only runs with this label; repeatable")
      ->type_name("KEY=VALUE");
  command->add_option("--created-after", wish->created_after, "Only younger runs (RFC 3339)")
      ->type_name("TIME");
  command->add_option("--created-before", wish->created_before, "Only older runs (RFC 3339)")
      ->type_name("TIME");
  command->add_option("--search", wish->q, "Only runs with this in their name, id or labels")
      ->type_name("TEXT");
  command->callback([&cli, wish, limit] {
    cli.action = [&cli, wish, limit] { return list(cli, *wish, limit->count() > 0); };
  });
}

}  // namespace cairn
