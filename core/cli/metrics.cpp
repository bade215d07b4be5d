// cairn metrics RUN[/STAGE]
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/attempt_tree.h"
#include "core/cli/commands.h"
#include "core/cli/output.h"
#include "core/cli/remote_reading.h"
#include "core/cli/run_format.h"
#include "core/server/reading/metric_stats.h"

namespace cairn {
namespace {

struct MetricsRequest {
  std::string target;
  std::vector<std::string> names;
  std::string after;
  bool follow = false;
};

// Reads what metric files gained since the last look.
class MetricReader {
 public:
  MetricReader(const Cli& cli, const AttemptTree& tree, const MetricsRequest& request,
               const Cursor& after)
      : cli_(cli), tree_(tree), request_(request), after_(after) {}

  Result<void> read() {
    for (const TaskPlace& task : tree_.tasks()) {
      for (const int attempt : attempts_of(task)) {
        if (static_cast<std::uint32_t>(attempt) < after_.attempt) continue;
        const fs::path file = task.folder.attempt(attempt).metrics();
        auto [entry, fresh] = offsets_.try_emplace(file.string());
        if (fresh && static_cast<std::uint32_t>(attempt) == after_.attempt)
          entry->second = after_.offset;
        CAIRN_ASSIGN(entry->second,
                     read_lines(file, entry->second, [&](std::string_view line, std::uint64_t end) {
                       take(task, attempt, line, end);
                       return cli_.out->good();
                     }));
      }
    }
    cli_.out->flush();
    return {};
  }

  void print_table() const {
    Table table({{"TASK"},
                 {"METRIC"},
                 {"POINTS", Table::Align::kRight},
                 {"STEP", Table::Align::kRight},
                 {"LAST", Table::Align::kRight},
                 {"MIN", Table::Align::kRight},
                 {"MAX", Table::Align::kRight},
                 {"MEAN", Table::Align::kRight}});
    for (const auto& [key, stats] : stats_) {
      if (cli_.options.output == OutputFormat::kName) {
        *cli_.out << key.second << "\n";
        continue;
      }
      table.add_row({key.first, key.second, std::to_string(stats.count), std::to_string(stats.step),
                     metric_text(stats.last), metric_text(stats.min), metric_text(stats.max),
                     metric_text(stats.mean())});
    }
    if (cli_.options.output == OutputFormat::kTable) table.print(*cli_.out);
  }

 private:
  void take(const TaskPlace& task, int attempt, std::string_view line, std::uint64_t end) {
    const auto point = parse_metric_point(line);
    if (!point) return;
    if (!request_.names.empty() && std::find(request_.names.begin(), request_.names.end(),
                                             point->name) == request_.names.end())
      return;
    if (cli_.options.output == OutputFormat::kJson) {
      json::object object{{"task", task.name},
                          {"attempt", attempt},
                          {"name", point->name},
                          {"step", point->step},
                          {"value", metric_value(point->value)}};
      if (point->runtime) object["runtime"] = true;
      object["cursor"] = std::to_string(attempt) + ":" + std::to_string(end);
      *cli_.out << json::serialize(object) << "\n";
    } else if (request_.follow) {
      *cli_.out << task.name << "  " << point->step << "  " << point->name << "  "
                << metric_text(point->value) << "\n";
    } else {
      stats_[{task.name, point->name}].add(*point);
    }
  }

  const Cli& cli_;
  const AttemptTree& tree_;
  const MetricsRequest& request_;
  Cursor after_;
  std::map<std::string, std::uint64_t> offsets_;
  std::map<std::pair<std::string, std::string>, MetricStats> stats_;
};

// An engine tells what points say together, and curves for a width: not point by point.
ExitCode remote_metrics(const Cli& cli, const Reading& reading, const MetricsRequest& request) {
  if (request.follow || !request.after.empty() || cli.options.output == OutputFormat::kJson)
    return fail(cli, not_found("the points of run " + reading.tree.run() + " are not in " +
                                   cli.options.store_dir.string(),
                               "they lie in the engine's store: name it with --store-dir where it "
                               "is shared, or leave -f, --after and -o json out"));
  auto target = parse_target(request.target);
  target->run = reading.tree.run();
  const auto told = print_remote_metrics(cli, *reading.runs.remote, *target, request.names);
  return told.ok() ? ExitCode::kDone : fail(cli, told.error());
}

ExitCode metrics(const Cli& cli, const MetricsRequest& request) {
  auto reading = open_reading(cli, request.target, request.after, "metrics");
  if (!reading.ok()) return fail(cli, reading.error());
  if (reading->elsewhere) return remote_metrics(cli, *reading, request);
  MetricReader reader(cli, reading->tree, request, reading->after);
  Result<void> read = reader.read();
  if (request.follow && read.ok()) {
    follow_files(reading->runs, reading->tree.run(), [&] {
      if (read.ok()) read = reader.read();
    });
  }
  if (!read.ok()) return fail(cli, read.error());
  if (!request.follow && cli.options.output != OutputFormat::kJson) reader.print_table();
  return ExitCode::kDone;
}

}  // namespace

void add_metrics(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("metrics", "Print what stages measured");
  auto request = std::make_shared<MetricsRequest>();
  command
      ->add_option("RUN[/STAGE]", request->target,
                   "RUN, RUN/STAGE, or one task: RUN/STAGE[LABEL], RUN/STAGE@NUMBER")
      ->required();
  command->add_option("--name", request->names, "Only this metric; repeatable")
      ->type_name("METRIC")
      ->allow_extra_args(false);
  command->add_option("--after", request->after, "Go on behind a cursor of -o json")
      ->type_name("ATTEMPT:OFFSET");
  command->add_flag("-f,--follow", request->follow, "Print points until the run has ended");
  command->footer(
      "With -o json one point a line, each with its cursor; else a line of statistics for each\n"
      "metric, over all points that its attempts measured.");
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return metrics(cli, *request); }; });
}

}  // namespace cairn
