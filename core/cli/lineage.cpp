// cairn lineage RUN/STAGE/OUTPUT
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/engine/load.h"
#include "core/server/reading/lineage_walk.h"

namespace cairn {
namespace {

std::string short_digest(const json::object& node) {
  constexpr std::size_t kDigits = 12;
  const std::string digest = text_of(node, "digest");
  return is_digest(digest) ? std::string(digest_hex(digest).substr(0, kDigits)) : digest;
}

void print_more(std::ostream& out, const json::object& node, const std::string& indent) {
  if (const std::uint64_t more = number_of(node, "more"); more > 0)
    out << indent << "and " << more << " more\n";
}

void print_up(std::ostream& out, const json::object& node, const std::string& indent) {
  const std::string port = text_of(node, "port");
  out << indent << printable((port.empty() ? "" : port + " <- ") + text_of(node, "task")) << "/"
      << text_of(node, "output") << "  " << text_of(node, "kind") << "  " << short_digest(node)
      << "  (" << text_of(node, "uses");
  if (const std::string from = text_of(node, "reused_from"); !from.empty())
    out << ", reused from " << printable(from);
  out << (flag_of(node, "seen") ? ", see above)" : ")") << "\n";
  if (const auto* params = node.if_contains("params"))
    out << indent << "  " << printable(json::serialize(*params)) << "\n";
  if (const auto* inputs = node.if_contains("inputs")) {
    for (const auto& input : inputs->as_array()) print_up(out, input.as_object(), indent + "  ");
  }
  print_more(out, node, indent + "  ");
}

void print_down(std::ostream& out, const json::array& consumers, const std::string& indent) {
  for (const auto& value : consumers) {
    const auto& consumer = value.as_object();
    out << indent << "-> " << text_of(consumer, "run") << "/" << text_of(consumer, "task") << "  "
        << text_of(consumer, "port") << " of " << text_of(consumer, "uses");
    if (flag_of(consumer, "cached")) out << ", its result reused";
    out << (flag_of(consumer, "seen") ? ", see above" : "") << "\n";
    if (const auto* outputs = consumer.if_contains("outputs")) {
      for (const auto& made : outputs->as_array()) {
        const auto& output = made.as_object();
        out << indent << "   " << text_of(output, "name") << "  " << text_of(output, "kind") << "  "
            << short_digest(output) << "\n";
        print_down(out, output.at("consumers").as_array(), indent + "     ");
      }
    }
    print_more(out, consumer, indent);
  }
}

Result<json::object> lineage_at(RemoteRuns& server, const RunTarget& target) {
  v1::LineageRequest request;
  request.set_run(target.run);
  request.set_stage(target.stage);
  request.set_output(target.output);
  return server.ask(request);
}

Result<json::object> lineage_in(const RunStore& store, const RunTarget& target) {
  CAIRN_ASSIGN(const auto rows, list_rows(store));
  CAIRN_ASSIGN(const std::string id, resolve_run(rows, target.run));
  CAIRN_ASSIGN(const RunState own, load_run(store, id));
  CAIRN_ASSIGN(json::object up, walk_up(lineage_document(own), target.stage, target.output));
  ConsumerIndex index;
  for (const RunRow& row : rows) {
    // A run that cannot be read says nothing of what it read.
    if (const auto state = load_run(store, row.id); state.ok()) index.add(lineage_document(*state));
  }
  json::array down = index.walk_down(text_of(up, "digest"));
  return json::object{{"artifact", std::move(up)}, {"consumers", std::move(down)}};
}

// The engine of --server knows its own runs; else the store is read, also while an engine holds it.
Result<json::object> lineage_of(const Cli& cli, const RunTarget& target) {
  if (!cli.options.server.empty()) {
    CAIRN_ASSIGN(const auto server, require_server(cli));
    return lineage_at(*server, target);
  }
  CAIRN_ASSIGN(const auto store, open_store(cli));
  return lineage_in(*store, target);
}

ExitCode lineage(const Cli& cli, const std::string& text) {
  const auto target = parse_target(text);
  if (!target.ok()) return fail(cli, target.error());
  if (target->output.empty())
    return fail(cli, invalid_argument("'" + printable(text) + "' names no output",
                                      "write RUN/STAGE/OUTPUT or RUN/STAGE[LABEL]/OUTPUT"));
  const auto document = lineage_of(cli, *target);
  if (!document.ok()) return fail(cli, document.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, *document);
    return ExitCode::kDone;
  }
  if (cli.options.output == OutputFormat::kName) {
    *cli.out << text_of(document->at("artifact").as_object(), "digest") << "\n";
    return ExitCode::kDone;
  }
  *cli.out << "made of\n";
  print_up(*cli.out, document->at("artifact").as_object(), "  ");
  const auto& consumers = document->at("consumers").as_array();
  *cli.out << (consumers.empty() ? "read by nothing\n" : "read by\n");
  print_down(*cli.out, consumers, "  ");
  return ExitCode::kDone;
}

}  // namespace

void add_lineage(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand(
      "lineage", "What an output was made of, and what was made of it, over all runs");
  auto target = std::make_shared<std::string>();
  command->add_option("RUN/STAGE/OUTPUT", *target, "The output")->required();
  command->callback(
      [&cli, target] { cli.action = [&cli, target] { return lineage(cli, *target); }; });
}

}  // namespace cairn
