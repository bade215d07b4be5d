// cairn artifacts preview RUN/STAGE/OUTPUT
#include <memory>
#include <string>

#include "core/base/environment.h"
#include "core/base/subprocess.h"
#include "core/base/text.h"
#include "core/cli/artifacts.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/cli/workflow_file.h"

namespace cairn {
namespace {

constexpr Duration kTimeout{60'000};
constexpr std::size_t kMostOutput = std::size_t{16} << 20;

struct Options {
  std::string output;
  std::size_t rows = 20;
};

// The library that defines the kind; empty where every plugin knows it.
Result<fs::path> library_of(const Cli& cli, const std::string& kind) {
  if (find_common_kind(kind) != nullptr) return fs::path();
  CAIRN_ASSIGN(const Registry registry, load_registry(cli));
  for (const LibraryManifest& library : registry.libraries())
    for (const StageDecl& stage : library.stages)
      for (const KindDecl& known : stage.kinds)
        if (known.name == kind) return library.library;
  return not_found("no plugin knows the artifact kind '" + kind + "'",
                   "name the folder of the plugin that made it with --plugin-dir");
}

// In a process of its own: the kind's code reads what a stage wrote.
Result<json::object> preview_in_child(const Cli& cli, const json::object& output,
                                      std::size_t rows) {
  const std::string kind = text_of(output, "kind");
  CAIRN_ASSIGN(const fs::path library, library_of(cli, kind));
  ProcessSpec spec;
  spec.argv = {
      cli.host_program().string(), "--preview", text_of(output, "path"), "--kind", kind, "--rows",
      std::to_string(rows)};
  if (!library.empty()) spec.argv.insert(spec.argv.end(), {"--library", library.string()});
  spec.environment = least_environment(current_environment());
  std::string out;
  std::string said;
  ProcessHooks hooks;
  hooks.timeout = kTimeout;
  hooks.output = [&](bool is_error, std::string_view bytes) {
    std::string& target = is_error ? said : out;
    target.append(bytes.substr(0, kMostOutput - std::min(kMostOutput, target.size())));
  };
  CAIRN_ASSIGN(const ProcessEnd end, run_process(spec, hooks));
  if (end.success()) return parse_json_object(out);
  return invalid_argument(
      "the output cannot be shown as " + kind + ": " +
          (said.empty() ? "the process that read it ended early" : printable(trim(said))),
      "cairn artifacts path says where it lies");
}

ExitCode preview(const Cli& cli, const Options& options) {
  const auto output = find_output(cli, options.output);
  if (!output.ok()) return fail(cli, output.error());
  const auto shown = preview_in_child(cli, *output, options.rows);
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
