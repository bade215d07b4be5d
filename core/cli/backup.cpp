// cairn backup FOLDER
#include <memory>
#include <string>

#include "core/artifacts/content_store.h"
#include "core/base/boundary.h"
#include "core/base/text.h"
#include "core/cli/backup_artifacts.h"
#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

// The journal first: whatever it names by then is in the store already.
ExitCode backup(const Cli& cli, const std::string& folder, bool with_artifacts) {
  auto control = open_control(cli, "backup");
  if (!control.ok()) return fail(cli, control.error());
  const fs::path target = fs::absolute(folder).lexically_normal();
  auto made = control->control().backup(target.string());
  if (!made.ok()) return fail(cli, made.error());
  if (with_artifacts) {
    const auto copied =
        copy_artifacts(fs::absolute(cli.options.store_dir), target / kBackupArtifacts);
    if (!copied.ok()) return fail(cli, copied.error());
    (*made)["artifacts"] = copied->count;
    (*made)["artifact_bytes"] = copied->bytes;
  }
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, *made);
  } else if (cli.options.output == OutputFormat::kName) {
    *cli.out << target.string() << "\n";
  } else if (!cli.options.quiet) {
    *cli.out << "backup of " << format_bytes(number_of(*made, "bytes")) << " in "
             << target.string();
    if (with_artifacts)
      *cli.out << ", with " << number_of(*made, "artifacts") << " artifacts of "
               << format_bytes(number_of(*made, "artifact_bytes"));
    *cli.out << "\nbring it back with: cairn restore " << target.string() << " --state-dir DIR\n";
  }
  return ExitCode::kDone;
}

}  // namespace

void add_backup(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("backup", "Copy the journal, also while an engine writes it");
  auto folder = std::make_shared<std::string>();
  auto artifacts = std::make_shared<bool>(false);
  command->add_option("FOLDER", *folder, "Folder to make")->required();
  command->add_flag("--artifacts", *artifacts, "Copy the artifacts, too");
  command->callback([&cli, folder, artifacts] {
    cli.action = [&cli, folder, artifacts] { return backup(cli, *folder, *artifacts); };
  });
}

}  // namespace cairn
