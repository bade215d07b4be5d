// cairn logs RUN[/STAGE]
#include <map>
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/attempt_tree.h"
#include "core/cli/commands.h"
#include "core/cli/output.h"
#include "core/cli/remote_reading.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

struct LogsRequest {
  std::string target;
  bool follow = false;
  std::string after;
  std::optional<std::uint64_t> tail;
};

// Prints what log files gained since the last look.
class LogPrinter {
 public:
  LogPrinter(const Cli& cli, const AttemptTree& tree, const Cursor& after,
             const std::optional<std::uint64_t>& tail, bool follows)
      : cli_(cli), tree_(tree), after_(after), tail_(tail), follows_(follows) {}

  Result<void> print() {
    for (const TaskPlace& task : tree_.tasks()) {
      const std::vector<int> attempts = attempts_of(task);
      for (const int attempt : attempts) {
        if (static_cast<std::uint32_t>(attempt) < after_.attempt) continue;
        if (tail_ && attempt != attempts.back()) continue;
        CAIRN_TRY(print_attempt(task, attempt));
      }
    }
    cli_.out->flush();
    return {};
  }

 private:
  struct Offsets {
    std::uint64_t log = 0;
    std::uint64_t output = 0;
  };

  Result<void> print_attempt(const TaskPlace& task, int attempt) {
    const AttemptFolder files = task.folder.attempt(attempt);
    auto [entry, fresh] = offsets_.try_emplace(files.root.string());
    Offsets& offsets = entry->second;
    if (fresh && static_cast<std::uint32_t>(attempt) == after_.attempt) {
      offsets = {after_.offset, after_.output_offset};
    } else if (fresh && tail_) {
      CAIRN_ASSIGN(offsets.log, tail_offset(files.log(), *tail_));
      CAIRN_ASSIGN(offsets.output, tail_offset(files.output_log(), *tail_));
    }
    const auto print_lines = [&](const fs::path& file, std::uint64_t& offset,
                                 bool records) -> Result<void> {
      CAIRN_ASSIGN(offset, read_lines(
                               file, offset,
                               [&](std::string_view line, std::uint64_t end) {
                                 offset = end;
                                 print_line(task, attempt, offsets, line, records);
                                 return cli_.out->good();
                               },
                               follows_ ? LastLine::kWhole : LastLine::kAsItIs));
      return {};
    };
    CAIRN_TRY(print_lines(files.output_log(), offsets.output, false));
    return print_lines(files.log(), offsets.log, true);
  }

  void print_line(const TaskPlace& task, int attempt, const Offsets& offsets, std::string_view line,
                  bool records) {
    auto record = records ? parse_json_object(line) : Result<json::object>(not_found(""));
    if (cli_.options.output == OutputFormat::kJson) {
      json::object object{{"task", task.name},
                          {"attempt", attempt},
                          {"cursor", std::to_string(attempt) + ":" + std::to_string(offsets.log) +
                                         "+" + std::to_string(offsets.output)},
                          {"source", records ? "log" : "output"}};
      if (record.ok()) {
        for (auto& [key, value] : *record) object[key] = std::move(value);
      } else {
        object["message"] = printable(line);
      }
      *cli_.out << json::serialize(object) << "\n";
      return;
    }
    *cli_.out << task.name << "  ";
    if (record.ok()) {
      *cli_.out << local_time(text_of(*record, "time")) << " " << text_of(*record, "level") << " "
                << text_of(*record, "message");
      if (const auto* fields = record->if_contains("fields"); fields && fields->is_object())
        for (const auto& member : fields->as_object())
          *cli_.out << " " << member.key() << "="
                    << (member.value().is_string() ? std::string(member.value().as_string())
                                                   : json_text(member.value()));
      *cli_.out << "\n";
    } else {
      *cli_.out << line << "\n";
    }
  }

  const Cli& cli_;
  const AttemptTree& tree_;
  Cursor after_;
  std::optional<std::uint64_t> tail_;
  const bool follows_;  // what is being written is waited for
  std::map<std::string, Offsets> offsets_;
};

ExitCode logs(const Cli& cli, const LogsRequest& request) {
  auto reading = open_reading(cli, request.target, request.after, "logs");
  if (!reading.ok()) return fail(cli, reading.error());
  if (reading->elsewhere) {
    auto target = parse_target(request.target);
    target->run = reading->tree.run();
    const RemoteLogWish wish{*target, reading->after, request.tail, request.follow};
    const auto told = print_remote_logs(cli, *reading->runs.remote, wish);
    return told.ok() ? ExitCode::kDone : fail(cli, told.error());
  }
  LogPrinter printer(cli, reading->tree, reading->after, request.tail, request.follow);
  Result<void> printed = printer.print();
  if (request.follow && printed.ok()) {
    follow_files(reading->runs, reading->tree.run(), [&] {
      if (printed.ok()) printed = printer.print();
    });
  }
  return printed.ok() ? ExitCode::kDone : fail(cli, printed.error());
}

}  // namespace

void add_logs(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("logs", "Print what stages logged and printed");
  auto request = std::make_shared<LogsRequest>();
  command
      ->add_option("RUN[/STAGE]", request->target,
                   "RUN, RUN/STAGE, or one task: RUN/STAGE[LABEL], RUN/STAGE@NUMBER")
      ->required();
  command->add_flag("-f,--follow", request->follow, "Go on until the run has ended");
  command->add_option("--after", request->after, "Go on behind a cursor of -o json")
      ->type_name("ATTEMPT:OFFSET");
  command->add_option("--tail", request->tail, "Only so many lines of each newest attempt")
      ->type_name("N");
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return logs(cli, *request); }; });
}

}  // namespace cairn
