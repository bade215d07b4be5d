// cairn logs RUN[/STAGE]
#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn {
namespace {

// Prints what log files gained since the last look.
class LogPrinter {
 public:
  LogPrinter(const Cli& cli, fs::path store, std::string stage)
      : cli_(cli), store_(std::move(store)), stage_(std::move(stage)) {}

  void print(const json::object& explanation) {
    for (const auto& value : explanation.at("stages").as_array()) {
      const auto& stage = value.as_object();
      const std::string name = text_of(stage, "stage");
      if (!stage_.empty() && name != stage_) continue;
      const TaskFolder folder{store_ / text_of(stage, "folder")};
      for (const auto& attempt : stage.at("attempts").as_array()) {
        const auto files =
            folder.attempt(static_cast<int>(number_of(attempt.as_object(), "attempt")));
        print_file(name, files.output_log(), false);
        print_file(name, files.log(), true);
      }
    }
    cli_.out->flush();
  }

 private:
  // Whole lines only; the rest comes with the next look.
  void print_file(const std::string& stage, const fs::path& path, bool records) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return;
    auto& offset = offsets_[path];
    in.seekg(static_cast<std::streamoff>(offset));
    for (std::string line; std::getline(in, line) && !in.eof();) {
      offset += line.size() + 1;
      *cli_.out << stage << "  " << (records ? record_text(line) : printable(line)) << "\n";
    }
  }

  static std::string record_text(const std::string& line) {
    const auto record = parse_json_object(line);
    if (!record.ok()) return printable(line);
    return local_time(text_of(*record, "time")) + " " + text_of(*record, "level") + " " +
           printable(text_of(*record, "message"));
  }

  const Cli& cli_;
  fs::path store_;
  std::string stage_;
  std::map<fs::path, std::uint64_t> offsets_;
};

ExitCode logs(const Cli& cli, const std::string& text, bool follow) {
  const auto target = parse_target(text);
  if (!target.ok()) return fail(cli, target.error());
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  auto run = runs->source().explain(target->run);
  if (!run.ok()) return fail(cli, run.error());
  if (!target->stage.empty()) {
    const auto stage = find_stage(*run, target->stage, "stage");
    if (!stage.ok()) return fail(cli, stage.error());
  }
  LogPrinter printer(cli, fs::absolute(cli.options.store_dir), target->stage);
  printer.print(*run);
  if (!follow) return ExitCode::kDone;
  const auto watched = runs->source().watch(target->run, 0, true, [&](const WatchEvent&) {
    run = runs->source().explain(target->run);
    if (run.ok()) printer.print(*run);
    return run.ok() && cli.out->good();
  });
  if (!watched.ok()) return fail(cli, watched.error());
  printer.print(*run);
  return ExitCode::kDone;
}

}  // namespace

void add_logs(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("logs", "Print what stages logged and printed");
  auto target = std::make_shared<std::string>();
  auto follow = std::make_shared<bool>(false);
  command->add_option("RUN[/STAGE]", *target, "Id, unique prefix, name or @latest")->required();
  command->add_flag("-f,--follow", *follow, "Go on until the run has ended");
  command->callback([&cli, target, follow] {
    cli.action = [&cli, target, follow] { return logs(cli, *target, *follow); };
  });
}

}  // namespace cairn
