// cairn schema workflow|STAGE_TYPE
#include "core/workflow/schema.h"

#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/output.h"
#include "core/cli/workflow_file.h"

namespace cairn {
namespace {

ExitCode schema(const Cli& cli, const std::string& subject) {
  auto registry = load_registry(cli);
  if (!registry.ok()) return fail(cli, registry.error());
  if (subject == "workflow") {
    print_json(cli, workflow_schema(*registry));
    return ExitCode::kDone;
  }
  const Registry::Entry* entry = registry->find(subject);
  if (const Error* conflict = registry->conflict(subject)) return fail(cli, *conflict);
  if (entry == nullptr) {
    auto known = registry->stage_types();
    known.insert(known.begin(), "workflow");
    return fail(
        cli, not_found("there is no stage type '" + subject + "'", did_you_mean(subject, known)));
  }
  print_json(cli, stage_type_schema(*entry->stage));
  return ExitCode::kDone;
}

}  // namespace

void add_schema(CLI::App& app, Cli& cli) {
  auto* command =
      app.add_subcommand("schema", "JSON Schema of the workflow file or of a stage type");
  auto subject = std::make_shared<std::string>();
  command->add_option("SUBJECT", *subject, "'workflow' or a stage type")->required();
  command->callback(
      [&cli, subject] { cli.action = [&cli, subject] { return schema(cli, *subject); }; });
}

}  // namespace cairn
