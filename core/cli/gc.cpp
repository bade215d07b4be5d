// cairn artifacts gc
#include <memory>
#include <string>

#include "core/base/quantity.h"
#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/machine.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

struct GcRequest {
  bool dry_run = false;
  std::string quota;
  std::vector<std::string> keep_best;
};

// What was typed, else what the configuration says.
Result<CollectWish> wish_of(const Cli& cli, const GcRequest& request) {
  CAIRN_ASSIGN(const OperationConfig config, load_config(cli));
  CollectWish wish;
  wish.dry_run = request.dry_run;
  wish.keep_best = request.keep_best.empty() ? config.keep_best : request.keep_best;
  wish.quota_bytes = config.artifact_quota.value_or(0);
  if (!request.quota.empty()) {
    CAIRN_ASSIGN(wish.quota_bytes, parse_bytes(request.quota));
    if (wish.quota_bytes == 0)
      return invalid_argument("a quota of 0 bytes keeps nothing", "delete runs instead");
  }
  return wish;
}

// What each run needs that can be resumed: all of it stays.
void print_resumable(std::ostream& out, const json::array& runs) {
  if (runs.empty()) return;
  Table table({{"STAYS RESUMABLE"},
               {"KEEPS", Table::Align::kRight},
               {"SIZE", Table::Align::kRight},
               {"LOST BEFORE", Table::Align::kRight}});
  for (const auto& value : runs) {
    const auto& run = value.as_object();
    table.add_row({text_of(run, "run"), std::to_string(number_of(run, "artifacts")),
                   format_bytes(number_of(run, "bytes")),
                   std::to_string(number_of(run, "missing"))});
  }
  out << "\n";
  table.print(out);
}

void print_plan(std::ostream& out, const json::object& plan) {
  const auto& artifacts = plan.at("artifacts").as_array();
  Table table({{"DIGEST"}, {"SIZE", Table::Align::kRight}, {"BECAUSE"}});
  for (const auto& value : artifacts) {
    const auto& artifact = value.as_object();
    table.add_row({text_of(artifact, "digest"), format_bytes(number_of(artifact, "bytes")),
                   text_of(artifact, "because")});
  }
  if (!table.empty()) table.print(out);
  const bool dry_run = flag_of(plan, "dry_run");
  if (dry_run) print_resumable(out, plan.at("resumable").as_array());
  const auto& kept = plan.at("kept_because").as_object();
  out << (table.empty() ? "" : "\n") << (dry_run ? "would free " : "freed ")
      << format_bytes(number_of(plan, "freed_bytes")) << " of " << artifacts.size()
      << " artifacts\nkeeps " << number_of(plan, "kept") << " ("
      << format_bytes(number_of(plan, "kept_bytes")) << "): " << number_of(kept, "needed")
      << " that runs need to resume, " << number_of(kept, "best") << " best, "
      << number_of(kept, "results") << " results of runs, " << number_of(kept, "cached")
      << " that the cache names";
  if (const auto in_use = number_of(kept, "in_use"); in_use > 0)
    out << ", " << in_use << " that came into use meanwhile";
  out << "\n";
  if (const std::uint64_t above = number_of(plan, "above_quota"); above > 0)
    out << format_bytes(above)
        << " above the quota belong to results of runs: `cairn delete` those you can spare\n";
}

ExitCode collect(const Cli& cli, const GcRequest& request) {
  const auto wish = wish_of(cli, request);
  if (!wish.ok()) return fail(cli, wish.error());
  auto control = open_control(cli, "artifacts gc");
  if (!control.ok()) return fail(cli, control.error());
  const auto done = control->control().collect(*wish);
  if (!done.ok()) return fail(cli, done.error());
  const auto problems = texts_of(*done, "problems");
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, *done);
  } else if (cli.options.output == OutputFormat::kName) {
    for (const auto& artifact : done->at("artifacts").as_array())
      *cli.out << text_of(artifact.as_object(), "digest") << "\n";
  } else {
    print_plan(*cli.out, *done);
  }
  for (const std::string& problem : problems) print_error(cli, make_error(ErrorCode::kIo, problem));
  return problems.empty() ? ExitCode::kDone : ExitCode::kRunFailed;
}

}  // namespace

void add_gc(CLI::App& artifacts, Cli& cli) {
  auto* command = artifacts.add_subcommand("gc", "Remove artifacts that nothing needs");
  command->footer(
      "What a run needs to be resumed always stays. Results of runs stay until the run is "
      "deleted,\n"
      "or --keep-best leaves them out; what only the cache names goes, the oldest first, above "
      "the\n"
      "quota. The configuration's quota and retention hold where an option does not say "
      "otherwise.\n"
      "Runs may go on meanwhile: what they make or use stays.");
  auto request = std::make_shared<GcRequest>();
  command->add_flag("--dry-run", request->dry_run, "Only say what would go and what stays");
  command->add_option("--quota", request->quota, "Bytes that artifacts may take, such as 100Gi")
      ->type_name("SIZE");
  command
      ->add_option("--keep-best", request->keep_best,
                   "Of results with the metric keep the best K (-METRIC: smallest); repeatable")
      ->type_name("METRIC:K")
      ->allow_extra_args(false);
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return collect(cli, *request); }; });
}

}  // namespace cairn
