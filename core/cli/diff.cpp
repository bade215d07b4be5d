// cairn diff RUN RUN
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/revision.h"
#include "core/cli/run_format.h"
#include "core/server/reading/run_diff.h"

namespace cairn {
namespace {

std::string short_value(const json::value& value) {
  constexpr std::size_t kDigits = 12;
  constexpr std::size_t kLongest = 40;
  if (value.is_null()) return "-";
  std::string text = value.is_string() ? std::string(value.as_string()) : json_text(value);
  if (is_digest(text)) return std::string(digest_hex(text).substr(0, kDigits));
  if (value.is_object() && value.as_object().contains("artifacts")) {
    return std::to_string(number_of(value.as_object(), "artifacts")) + " artifacts, " +
           std::string(digest_hex(text_of(value.as_object(), "digest")).substr(0, kDigits));
  }
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

// By the engine of --server, which knows its own runs; else from the store.
Result<json::object> diff_of(const Cli& cli, const std::string& one, const std::string& other) {
  if (!cli.options.server.empty()) {
    CAIRN_ASSIGN(const auto server, require_server(cli));
    v1::DiffRequest request;
    request.set_run(one);
    request.set_other(other);
    return server->ask(request);
  }
  CAIRN_ASSIGN(const RunState first, load_run_named(cli, one));
  CAIRN_ASSIGN(const RunState second, load_run_named(cli, other));
  return diff_runs(diff_document(first), diff_document(second));
}

ExitCode diff(const Cli& cli, const std::string& one, const std::string& other) {
  const auto compared = diff_of(cli, one, other);
  if (!compared.ok()) return fail(cli, compared.error());
  const json::object& document = *compared;
  const std::string first = text_of(document, "one");
  const std::string second = text_of(document, "other");
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, document);
    return ExitCode::kDone;
  }
  Table table({{"PART"}, {"NAME"}, {first}, {second}, {"DELTA", Table::Align::kRight}});
  for (const auto& value : document.at("differences").as_array()) {
    const auto& entry = value.as_object();
    if (cli.options.output == OutputFormat::kName) {
      *cli.out << text_of(entry, "part") << " " << text_of(entry, "name") << "\n";
      continue;
    }
    const auto* delta = entry.if_contains("delta");
    table.add_row({text_of(entry, "part"), text_of(entry, "name"), short_value(entry.at("one")),
                   short_value(entry.at("other")), delta == nullptr ? "" : json_text(*delta)});
  }
  if (cli.options.output == OutputFormat::kName) return ExitCode::kDone;
  if (table.empty()) {
    *cli.out << "runs " << first << " and " << second << " are the same\n";
  } else {
    table.print(*cli.out);
  }
  return ExitCode::kDone;
}

}  // namespace

void add_diff(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand(
      "diff", "Compare two runs: parameters, code, inputs, outputs, metrics, environment");
  auto one = std::make_shared<std::string>();
  auto other = std::make_shared<std::string>();
  command->add_option("RUN", *one, "Id, unique prefix, name or @latest")->required();
  command->add_option("OTHER", *other, "The run it is compared with")->required();
  command->callback(
      [&cli, one, other] { cli.action = [&cli, one, other] { return diff(cli, *one, *other); }; });
}

}  // namespace cairn
