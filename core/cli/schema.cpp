// cairn schema workflow|api|STAGE_TYPE
#include "core/workflow/schema.h"

#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/output.h"
#include "core/cli/workflow_file.h"
#include "core/server/api/openapi.h"

namespace cairn {
namespace {

ExitCode schema(const Cli& cli, const std::string& subject) {
  if (subject == "api") {
    print_json(cli, api::openapi_document());
    return ExitCode::kDone;
  }
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
    known.insert(known.begin(), {"workflow", "api"});
    return fail(
        cli, not_found("there is no stage type '" + subject + "'", did_you_mean(subject, known)));
  }
  print_json(cli, stage_type_schema(*entry->stage));
  return ExitCode::kDone;
}

}  // namespace

void add_schema(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand(
      "schema", "JSON Schema of the workflow file or of a stage type; OpenAPI of the server");
  auto subject = std::make_shared<std::string>();
  command->add_option("SUBJECT", *subject, "'workflow', 'api' or a stage type")->required();
  command->callback(
      [&cli, subject] { cli.action = [&cli, subject] { return schema(cli, *subject); }; });
}

}  // namespace cairn
