// cairn artifacts list|path|export, and where preview and gc are added
#include "core/cli/artifacts.h"

#include <memory>
#include <string>

#include "core/artifacts/content_store.h"
#include "core/base/boundary.h"
#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/remote_reading.h"
#include "core/cli/run_format.h"

namespace cairn {

Result<json::object> find_output(const Cli& cli, const std::string& text) {
  CAIRN_ASSIGN(const RunTarget target, parse_target(text));
  if (target.output.empty()) {
    return invalid_argument("'" + printable(text) + "' names no output",
                            "write RUN/STAGE/OUTPUT, or RUN/STAGE[LABEL]/OUTPUT");
  }
  CAIRN_ASSIGN(OpenRuns runs, open_runs(cli));
  CAIRN_ASSIGN(const json::object stage, runs.source().get_stage(target.run, target.stage, {0, 1}));
  std::vector<std::string> names;
  if (const auto* outputs = stage.if_contains("outputs"); outputs && outputs->is_object()) {
    for (const auto& [name, output] : outputs->as_object()) {
      names.emplace_back(name);
      if (names.back() != target.output) continue;
      if (output.is_object()) return output.as_object();
      return invalid_argument("stage '" + target.stage + "' has an output '" + target.output +
                                  "' for each of its tasks",
                              "name one: RUN/STAGE[LABEL]/OUTPUT; cairn get " + target.run + "/" +
                                  target.stage + " lists them");
    }
  }
  return not_found("stage '" + target.stage + "' has no output '" + target.output + "'",
                   names.empty() ? "it has none yet" : "it has " + join(names, ", "));
}

namespace {

ExitCode list_artifacts(const Cli& cli, const std::string& run) {
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  const auto document = runs->source().get(run);
  if (!document.ok()) return fail(cli, document.error());
  json::array rows;
  Table table({{"OUTPUT"}, {"KIND"}, {"SIZE", Table::Align::kRight}, {"DIGEST"}});
  const auto add = [&](const std::string& name, const json::value& output) {
    if (!output.is_object()) return;
    json::object row = output.as_object();
    row["output"] = name;
    if (cli.options.output == OutputFormat::kName) *cli.out << name << "\n";
    table.add_row({name, text_of(row, "kind"), format_bytes(number_of(row, "bytes")),
                   text_of(row, "digest")});
    rows.push_back(std::move(row));
  };
  for (const auto& value : document->at("stages").as_array()) {
    const auto& stage = value.as_object();
    const auto* outputs = stage.if_contains("outputs");
    if (outputs == nullptr || !outputs->is_object()) continue;
    for (const auto& [name, output] : outputs->as_object()) {
      const std::string full = text_of(stage, "name") + "/" + std::string(name);
      if (!output.is_array()) {
        add(full, output);
        continue;
      }
      for (std::size_t i = 0; i < output.as_array().size(); ++i)
        add(full + "[" + std::to_string(i) + "]", output.as_array()[i]);
    }
  }
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, rows);
  } else if (cli.options.output == OutputFormat::kTable) {
    table.print(*cli.out);
  }
  return ExitCode::kDone;
}

ExitCode artifact_path(const Cli& cli, const std::string& text) {
  const auto output = find_output(cli, text);
  if (!output.ok()) return fail(cli, output.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, *output);
  } else {
    *cli.out << text_of(*output, "path") << "\n";
  }
  return ExitCode::kDone;
}

// A copy that its owner may change, whole or not there.
Result<void> copy_out(const fs::path& from, const fs::path& to) {
  const PersistenceBoundary boundary(Boundary::kExport);
  const fs::path unfinished = to.string() + ".unfinished";
  FileSystem& files = real_file_system();
  CAIRN_TRY(files.remove_all(unfinished));
  if (to.has_parent_path()) CAIRN_TRY(files.make_directories(to.parent_path()));
  std::error_code error;
  fs::copy(from, unfinished, fs::copy_options::recursive, error);
  if (error) return io_error("copy to", unfinished.string(), error.value());
  fs::permissions(unfinished, fs::perms::owner_write, fs::perm_options::add, error);
  for (fs::recursive_directory_iterator it(unfinished, error), end; !error && it != end;
       it.increment(error))
    fs::permissions(it->path(), fs::perms::owner_write, fs::perm_options::add, error);
  CAIRN_TRY(files.sync_tree(unfinished));
  return files.rename(unfinished, to);
}

// From the store that is here, else from the engine of --server.
Result<void> bring(const Cli& cli, const Digest& digest, const fs::path& destination) {
  const ContentStore store(fs::absolute(cli.options.store_dir));
  if (!cli.options.server.empty() && !store.contains(digest)) {
    CAIRN_ASSIGN(const auto server, require_server(cli));
    return fetch_artifact(*server, digest, destination);
  }
  CAIRN_TRY(store.verify(digest));
  return copy_out(store.path(digest), destination);
}

ExitCode export_artifact(const Cli& cli, const std::string& text, const std::string& destination) {
  const auto output = find_output(cli, text);
  if (!output.ok()) return fail(cli, output.error());
  std::error_code error;
  if (fs::exists(fs::symlink_status(destination, error)))
    return fail(cli, conflict(destination + " exists", "name a place where nothing lies"));
  if (const auto copied = bring(cli, text_of(*output, "digest"), destination); !copied.ok())
    return fail(cli, copied.error());
  if (cli.options.output == OutputFormat::kJson) {
    json::object document = *output;
    document["path"] = fs::absolute(destination).lexically_normal().string();
    print_json(cli, document);
  } else if (!cli.options.quiet) {
    *cli.out << destination << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace

void add_artifacts(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("artifacts", "Find, copy and clear away what stages made");
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

  auto destination = std::make_shared<std::string>();
  auto* copy = command->add_subcommand("export", "Copy an output to a place of your own");
  copy->add_option("RUN/STAGE/OUTPUT", *target, "The output")->required();
  copy->add_option("DESTINATION", *destination, "File or folder to make")->required();
  copy->callback([&cli, target, destination] {
    cli.action = [&cli, target, destination] {
      return export_artifact(cli, *target, *destination);
    };
  });
  add_preview(*command, cli);
  add_gc(*command, cli);
}

}  // namespace cairn
