// cairn explain RUN[/STAGE]
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

std::vector<std::string> strings(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) return texts;
  for (const auto& item : value->as_array())
    texts.push_back(item.is_string() ? std::string(item.as_string()) : json::serialize(item));
  return texts;
}

void print_explanation(std::ostream& out, const json::object& stage) {
  out << text_of(stage, "stage") << ": " << text_of(stage, "status") << "\n";
  for (const auto& reason : strings(stage, "because")) out << "  " << printable(reason) << "\n";
  const auto& cache = stage.at("cache").as_object();
  const auto differs = strings(cache, "differs");
  if (!differs.empty()) {
    out << "  differs from run " << text_of(cache, "compared_with") << " in "
        << printable(join(differs, ", ")) << "\n";
  }
  for (const auto& value : stage.at("attempts").as_array()) {
    const auto& attempt = value.as_object();
    const std::string cause = text_of(attempt, "cause");
    out << "  attempt " << number_of(attempt, "attempt") << ": "
        << (cause.empty() ? (text_of(attempt, "finished_at").empty() ? "running" : "succeeded")
                          : cause + ": " + printable(text_of(attempt, "message")))
        << "\n";
  }
}

ExitCode explain(const Cli& cli, const std::string& text) {
  const auto target = parse_target(text);
  if (!target.ok()) return fail(cli, target.error());
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  const auto run = runs->source().explain(target->run);
  if (!run.ok()) return fail(cli, run.error());
  if (!target->stage.empty()) {
    const auto stage = find_stage(*run, target->stage, "stage");
    if (!stage.ok()) return fail(cli, stage.error());
    if (cli.options.output == OutputFormat::kJson) {
      print_json(cli, **stage);
    } else {
      print_explanation(*cli.out, **stage);
    }
    return ExitCode::kDone;
  }
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, *run);
  } else {
    for (const auto& stage : run->at("stages").as_array())
      print_explanation(*cli.out, stage.as_object());
  }
  return ExitCode::kDone;
}

}  // namespace

void add_explain(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("explain", "Say why stages ran, were reused, wait or failed");
  auto target = std::make_shared<std::string>();
  command->add_option("RUN[/STAGE]", *target, "Id, unique prefix, name or @latest")->required();
  command->callback(
      [&cli, target] { cli.action = [&cli, target] { return explain(cli, *target); }; });
}

}  // namespace cairn
