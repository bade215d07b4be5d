// cairn restore FOLDER
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/backup_artifacts.h"
#include "core/cli/commands.h"
#include "core/cli/output.h"
#include "core/store/backup.h"

namespace cairn {
namespace {

ExitCode restore(const Cli& cli, const std::string& folder) {
  const fs::path state_dir = fs::absolute(cli.options.state_dir).lexically_normal();
  // Artifacts first: a restored journal finds what it names.
  CopiedArtifacts copied;
  std::error_code ignored;
  if (const auto checked = check_backup(folder); !checked.ok()) return fail(cli, checked.error());
  if (fs::exists(fs::path(folder) / kBackupArtifacts, ignored)) {
    const auto artifacts =
        copy_artifacts(fs::path(folder) / kBackupArtifacts, fs::absolute(cli.options.store_dir));
    if (!artifacts.ok()) return fail(cli, artifacts.error());
    copied = *artifacts;
  }
  const auto restored = restore_store(folder, state_dir);
  if (!restored.ok()) return fail(cli, restored.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, json::object{{"state_dir", state_dir.string()},
                                 {"sequence", restored->sequence},
                                 {"bytes", restored->bytes},
                                 {"artifacts", copied.count}});
  } else if (cli.options.output == OutputFormat::kName) {
    *cli.out << state_dir.string() << "\n";
  } else if (!cli.options.quiet) {
    *cli.out << "restored " << format_bytes(restored->bytes) << " and " << copied.count
             << " artifacts to " << state_dir.string()
             << "\nrun `cairn doctor` to see that all is there\n";
  }
  return ExitCode::kDone;
}

}  // namespace

void add_restore(CLI::App& app, Cli& cli) {
  auto* command =
      app.add_subcommand("restore", "Make a state folder of a backup, checked before and after");
  auto folder = std::make_shared<std::string>();
  command->add_option("FOLDER", *folder, "Folder of the backup")->required();
  command->callback(
      [&cli, folder] { cli.action = [&cli, folder] { return restore(cli, *folder); }; });
}

}  // namespace cairn
