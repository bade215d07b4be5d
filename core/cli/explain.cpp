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

void print_cache(std::ostream& out, const json::object& cache) {
  if (const std::string note = text_of(cache, "note"); !note.empty())
    out << "  cache: " << printable(note) << "\n";
  if (const auto differs = texts_of(cache, "differs"); !differs.empty()) {
    out << "  differs from run " << text_of(cache, "compared_with") << " in "
        << printable(join(differs, ", ")) << "\n";
  }
}

void print_attempt(std::ostream& out, const json::object& attempt) {
  const std::string cause = text_of(attempt, "cause");
  out << "  attempt " << number_of(attempt, "attempt") << ": "
      << (cause.empty() ? (text_of(attempt, "finished_at").empty() ? "running" : "succeeded")
                        : cause + ": " + printable(text_of(attempt, "message")))
      << "\n";
}

void print_explanation(std::ostream& out, const json::object& stage) {
  const std::string task = text_of(stage, "task");
  out << printable(task.empty() ? text_of(stage, "stage") : task) << ": "
      << text_of(stage, "status");
  if (const json::value* tasks = stage.if_contains("tasks"))
    out << ", " << number_of(tasks->as_object(), "total") << " tasks";
  out << "\n";
  for (const auto& reason : texts_of(stage, "because")) out << "  " << printable(reason) << "\n";
  if (const json::value* cache = stage.if_contains("cache")) print_cache(out, cache->as_object());
  if (const json::value* attempts = stage.if_contains("attempts"); attempts && attempts->is_array())
    for (const auto& attempt : attempts->as_array()) print_attempt(out, attempt.as_object());
  if (const json::value* example = stage.if_contains("example"))
    print_explanation(out, example->as_object());
}

ExitCode explain(const Cli& cli, const std::string& text, const TaskPage& page) {
  const auto target = parse_target(text);
  if (!target.ok()) return fail(cli, target.error());
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  const auto run = runs->source().explain(target->run, target->stage, page);
  if (!run.ok()) return fail(cli, run.error());
  const json::array& stages = run->at("stages").as_array();
  if (cli.options.output == OutputFormat::kJson) {
    // One stage is its own document.
    print_json(cli, !target->stage.empty() && stages.size() == 1 ? stages[0] : json::value(*run));
    return ExitCode::kDone;
  }
  for (const auto& stage : stages) print_explanation(*cli.out, stage.as_object());
  return ExitCode::kDone;
}

}  // namespace

void add_explain(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("explain", "Say why stages ran, were reused, wait or failed");
  auto target = std::make_shared<std::string>();
  auto page = std::make_shared<TaskPage>();
  command->add_option("RUN[/STAGE]", *target, "RUN, RUN/STAGE or RUN/STAGE[LABEL]")->required();
  command->add_option("--offset", page->offset, "First task of a stage with several (0)");
  command->add_option("--limit", page->limit, "So many tasks of it (100)")
      ->check(CLI::PositiveNumber);
  command->callback([&cli, target, page] {
    cli.action = [&cli, target, page] { return explain(cli, *target, *page); };
  });
}

}  // namespace cairn
