// cairn artifacts preview RUN/STAGE/OUTPUT
#include "core/server/api/preview.h"

#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/artifacts.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/cli/workflow_file.h"

namespace cairn {
namespace {

struct Options {
  std::string output;
  std::size_t rows = 20;
};

// By the engine of --server, which has the artifact and its plugin; else by a host of our own.
Result<json::object> shown_of(const Cli& cli, const json::object& output, std::uint32_t rows) {
  if (!cli.options.server.empty()) {
    CAIRN_ASSIGN(const auto server, require_server(cli));
    v1::PreviewArtifactRequest request;
    request.set_digest(text_of(output, "digest"));
    request.set_kind(text_of(output, "kind"));
    request.set_rows(rows);
    return server->ask(request);
  }
  CAIRN_ASSIGN(const Registry registry, load_registry(cli));
  return preview_artifact(
      {cli.host_program(), text_of(output, "path"), text_of(output, "kind"), rows}, registry);
}

ExitCode preview(const Cli& cli, const Options& options) {
  const auto output = find_output(cli, options.output);
  if (!output.ok()) return fail(cli, output.error());
  const auto shown = shown_of(cli, *output, static_cast<std::uint32_t>(options.rows));
  if (!shown.ok()) return fail(cli, shown.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, *shown);
    return ExitCode::kDone;
  }
  if (const auto* columns = shown->if_contains("columns")) {
    std::vector<Table::Column> head;
    for (const json::value& column : columns->as_array())
      head.push_back({printable(column.as_string())});
    Table table(std::move(head));
    for (const json::value& row : shown->at("rows").as_array()) {
      std::vector<std::string> cells;
      for (const json::value& cell : row.as_array()) cells.emplace_back(cell.as_string());
      table.add_row(std::move(cells));
    }
    table.print(*cli.out);
  } else {
    const std::string text = text_of(*shown, "text");
    *cli.out << text << (text.ends_with('\n') ? "" : "\n");
  }
  if (shown->at("more").as_bool() && !cli.options.quiet)
    *cli.err << "there is more: --rows shows more of it, `cairn artifacts path` where it lies\n";
  return ExitCode::kDone;
}

}  // namespace

void add_preview(CLI::App& artifacts, Cli& cli) {
  auto* command = artifacts.add_subcommand("preview", "The first rows of an output, by its kind");
  auto options = std::make_shared<Options>();
  command->add_option("RUN/STAGE/OUTPUT", options->output, "The output")->required();
  command->add_option("--rows", options->rows, "Rows at most (20)")->check(CLI::Range(1, 100000));
  command->callback(
      [&cli, options] { cli.action = [&cli, options] { return preview(cli, *options); }; });
}

}  // namespace cairn
