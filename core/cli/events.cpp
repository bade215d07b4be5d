// cairn events RUN
#include <iomanip>
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

constexpr int kSequenceWidth = 7;
constexpr int kTypeWidth = 18;

struct EventsRequest {
  std::string run;
  std::uint64_t after = 0;
  bool follow = false;
};

// "     12  2026-11-23 17:04:05  attempt_started     train[lr=0.1]  attempt=1 host=3"
void print_event(std::ostream& out, const json::object& event) {
  const std::string task = text_of(event, "task");
  std::string rest = task.empty() ? text_of(event, "stage") : task;
  for (const auto& [key, value] : event) {
    if (key == "sequence" || key == "time" || key == "run" || key == "type" || key == "stage" ||
        key == "task" || key == "key")
      continue;
    if (!rest.empty()) rest += "  ";
    rest += std::string(key) + "=" +
            (value.is_string() ? std::string(value.as_string()) : json::serialize(value));
  }
  out << std::setw(kSequenceWidth) << number_of(event, "sequence") << "  "
      << local_time(text_of(event, "time")) << "  " << std::left << std::setw(kTypeWidth)
      << text_of(event, "type") << std::right << "  " << rest << "\n";
}

ExitCode events(const Cli& cli, const EventsRequest& request) {
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  const WatchOptions options{request.after, false, request.follow, std::nullopt};
  const auto watched = runs->source().watch(request.run, options, [&](const WatchEvent& event) {
    if (cli.options.output == OutputFormat::kJson) {
      *cli.out << json::serialize(event.event) << "\n";
    } else if (cli.options.output == OutputFormat::kName) {
      *cli.out << event.sequence << "\n";
    } else {
      print_event(*cli.out, event.event);
    }
    if (request.follow) cli.out->flush();
    return cli.out->good();
  });
  return watched.ok() ? ExitCode::kDone : fail(cli, watched.error());
}

}  // namespace

void add_events(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("events", "Print what was journaled of a run");
  auto request = std::make_shared<EventsRequest>();
  command->add_option("RUN", request->run, "Id, unique prefix, name or @latest")->required();
  command->add_option("--after", request->after, "Only events after this sequence")
      ->type_name("SEQUENCE");
  command->add_flag("-f,--follow", request->follow, "Go on until the run has ended");
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return events(cli, *request); }; });
}

}  // namespace cairn
