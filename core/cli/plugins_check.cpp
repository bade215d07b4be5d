// cairn plugins check FILE: the acceptance test of any stage.
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/cli.h"
#include "core/cli/output.h"
#include "core/cli/plugin_commands.h"
#include "core/plugin/check.h"
#include "core/plugin/describe.h"
#include "core/server/check_record.h"

namespace cairn {
namespace {

constexpr Duration kDescribe{20'000};

struct Options {
  std::string library;
  std::string stage_type;
  std::vector<std::string> set;
  std::vector<std::string> inputs;
  bool keep = false;
};

const char* word(CheckStatus status) {
  return status == CheckStatus::kPassed   ? "passed"
         : status == CheckStatus::kFailed ? "FAILED"
                                          : "skipped";
}

// NAME=VALUE; values are JSON where they can be read as such, else text.
Result<std::pair<std::string, std::string>> assignment(const std::string& text) {
  const std::size_t at = text.find('=');
  if (at == 0 || at == std::string::npos)
    return invalid_argument("'" + text + "' is no NAME=VALUE");
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

Result<void> read_given(const Options& options, PluginCheck& check) {
  for (const std::string& text : options.set) {
    CAIRN_ASSIGN(const auto given, assignment(text));
    const auto value = parse_json(given.second);
    if (!check.params) check.params.emplace();
    (*check.params)[given.first] = value.ok() ? *value : json::value(json::string(given.second));
  }
  for (const std::string& text : options.inputs) {
    CAIRN_ASSIGN(const auto given, assignment(text));
    std::error_code error;
    const fs::path path = fs::absolute(given.second, error);
    if (!fs::exists(path, error)) return not_found("there is no " + path.string());
    check.inputs[given.first].push_back(path.string());
  }
  return {};
}

// The folder and all below it, at the end.
class Folder {
 public:
  Folder(fs::path path, bool keep) : path_(std::move(path)), keep_(keep) {}
  ~Folder() {
    std::error_code ignored;
    if (!keep_) fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  const fs::path path_;
  const bool keep_;
};

ExitCode check(const Cli& cli, const Options& options) {
  PluginCheck plan;
  plan.library = fs::absolute(options.library).lexically_normal();
  plan.host_program = cli.host_program();
  if (const auto given = read_given(options, plan); !given.ok()) return fail(cli, given.error());
  const auto manifest = describe_in_child(plan.library, plan.host_program, kDescribe);
  if (!manifest.ok()) return fail(cli, manifest.error());
  const auto made = make_private_folder(fs::temp_directory_path(), "cairn-check-");
  if (!made.ok()) return fail(cli, made.error());
  const Folder folder(*made, options.keep);

  bool passed = true;
  bool found = false;
  json::array types;
  CheckRecord record;
  for (const StageDecl& stage : manifest->stages) {
    if (!options.stage_type.empty() && stage.name != options.stage_type) continue;
    found = true;
    plan.folder = folder.path() / stage.name;
    const OnCheck on_check = [&](const std::string& type, const std::string& name) {
      if (!cli.options.quiet && cli.environment.err_is_terminal)
        *cli.err << "\r\033[K" << type << ": " << name << std::flush;
    };
    const auto findings = check_stage_type(plan, *manifest, stage, on_check);
    if (!cli.options.quiet && cli.environment.err_is_terminal) *cli.err << "\r\033[K" << std::flush;
    json::array checks;
    Table table({{"CHECK"}, {"RESULT"}, {"WHAT WAS SEEN"}});
    TypeCheckRecord& seen = record[stage.name];
    seen.checked_at = system_clock().now();
    for (const CheckFinding& finding : findings) {
      if (finding.status != CheckStatus::kSkipped) ++seen.checks;
      if (finding.status == CheckStatus::kFailed) seen.failed.push_back(finding.check);
      const auto lines = split(finding.detail, '\n');
      for (std::size_t i = 0; i < lines.size(); ++i)
        table.add_row({i == 0 ? finding.check : "", i == 0 ? word(finding.status) : "",
                       std::string(lines[i])});
      checks.push_back(json::object{
          {"check", finding.check},
          {"status", finding.status == CheckStatus::kFailed ? "failed" : word(finding.status)},
          {"detail", finding.detail}});
    }
    passed = passed && seen.failed.empty();
    types.push_back(json::object{
        {"name", stage.name}, {"passed", seen.failed.empty()}, {"checks", std::move(checks)}});
    if (cli.options.output == OutputFormat::kTable) {
      *cli.out << stage.name << "\n\n";
      table.print(*cli.out);
      *cli.out << "\n";
    }
  }
  if (!found)
    return fail(
        cli, not_found(plan.library.string() + " has no stage type '" + options.stage_type + "'"));
  // What was seen with inputs of the caller's says nothing of the stage's own self-test.
  if (!plan.params && plan.inputs.empty()) {
    if (const auto saved = save_check(cli.options.state_dir, manifest->digest, record); !saved.ok())
      print_warning(cli, saved.error());
  }
  if (cli.options.output == OutputFormat::kJson)
    print_json(cli, json::object{{"library", plan.library.string()},
                                 {"passed", passed},
                                 {"stage_types", std::move(types)}});
  else if (cli.options.output == OutputFormat::kTable)
    *cli.out << (passed ? "all checks passed\n" : "checks failed\n");
  if (options.keep) *cli.err << "kept: " << folder.path().string() << "\n";
  return passed ? ExitCode::kDone : ExitCode::kRunFailed;
}

}  // namespace

void add_plugins_check(CLI::App& plugins, Cli& cli) {
  auto* command = plugins.add_subcommand(
      "check", "Whether a plugin's stages keep what Cairn asks of every stage");
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->library, "The library, such as build/my_filter.so")
      ->required();
  command->add_option("--stage-type", options->stage_type, "Only this one");
  command->add_option("--set", options->set,
                      "NAME=VALUE, a parameter in place of the stage's self-test; repeatable");
  command->add_option("--input", options->inputs,
                      "NAME=PATH, an input in place of the stage's self-test; repeatable");
  command->add_flag("--keep", options->keep, "Keep the folder with all that was written");
  command->callback(
      [&cli, options] { cli.action = [&cli, options] { return check(cli, *options); }; });
}

}  // namespace cairn
