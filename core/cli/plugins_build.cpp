// cairn plugins build FILE: one source file, without CMake.
#include <memory>
#include <string>

#include "core/base/subprocess.h"
#include "core/base/text.h"
#include "core/cli/cli.h"
#include "core/cli/output.h"
#include "core/cli/plugin_commands.h"
#include "core/plugin/describe.h"
#include "core/plugin/manifest_cache.h"

namespace cairn {
namespace {

constexpr const char* kPrefix = "@PREFIX@";
constexpr Duration kDescribe{20'000};

struct Options {
  std::string source;
  std::string output;
  bool torch = false;
  bool debug = false;
};

// lib/cairn/sdk.json, which the build writes: {"compiler", "compile": […], "link": […], "torch":
// …}.
struct Sdk {
  std::string compiler;
  std::vector<std::string> compile;
  std::vector<std::string> link;
};

Result<void> add_flags(const json::object& object, const char* key, const fs::path& prefix,
                       std::vector<std::string>& flags) {
  CAIRN_ASSIGN(const json::array* list, get_array(object, key));
  for (const json::value& value : *list) {
    if (!value.is_string()) return corrupt("a flag is no text");
    std::string flag(value.as_string());
    if (const auto at = flag.find(kPrefix); at != std::string::npos)
      flag.replace(at, std::string(kPrefix).size(), prefix.string());
    flags.push_back(std::move(flag));
  }
  return {};
}

Result<Sdk> read_sdk(const Cli& cli, bool torch) {
  const fs::path prefix = cli.environment.program.parent_path().parent_path();
  const fs::path file = prefix / "lib/cairn/sdk.json";
  auto text = real_file_system().read(file);
  if (!text.ok())
    return not_found("there is no " + file.string() + ", which says how plugins are compiled",
                     "install Cairn with cmake --install");
  CAIRN_ASSIGN(const json::object object, parse_json_object(*text));
  Sdk sdk;
  CAIRN_ASSIGN(sdk.compiler, get_string(object, "compiler"));
  CAIRN_TRY(add_flags(object, "compile", prefix, sdk.compile));
  CAIRN_TRY(add_flags(object, "link", prefix, sdk.link));
  if (torch) {
    CAIRN_TRY(add_flags(object, "torch_compile", prefix, sdk.compile));
    CAIRN_TRY(add_flags(object, "torch_link", prefix, sdk.link));
    if (sdk.link.empty()) return not_found("this Cairn was built without LibTorch");
  }
  return sdk;
}

ExitCode build(const Cli& cli, const Options& options) {
  std::error_code error;
  const fs::path source = options.source;
  if (!fs::is_regular_file(source, error))
    return fail(cli, not_found("there is no file " + source.string()));
  const auto sdk = read_sdk(cli, options.torch);
  if (!sdk.ok()) return fail(cli, sdk.error());
  const fs::path library =
      fs::absolute(options.output.empty() ? source.stem().string() + ".so" : options.output);
  ProcessSpec spec;
  spec.argv = {"/usr/bin/env", sdk->compiler};
  spec.argv.insert(spec.argv.end(), sdk->compile.begin(), sdk->compile.end());
  if (options.debug) spec.argv.insert(spec.argv.end(), {"-O0", "-g3"});
  spec.argv.insert(spec.argv.end(), {source.string(), "-o", library.string()});
  spec.argv.insert(spec.argv.end(), sdk->link.begin(), sdk->link.end());
  spec.environment = current_environment();
  if (!cli.options.quiet) *cli.err << join({spec.argv.begin() + 1, spec.argv.end()}, " ") << "\n";
  ProcessHooks hooks;
  hooks.output = [&](bool, std::string_view bytes) { *cli.err << bytes; };
  const auto end = run_process(spec, hooks);
  if (!end.ok()) return fail(cli, end.error());
  if (!end->success())
    return fail(cli, invalid_argument(source.string() + " does not compile",
                                      "the compiler's messages stand above"));
  const auto manifest = describe_in_child(library, cli.host_program(), kDescribe);
  if (!manifest.ok()) return fail(cli, manifest.error());
  const auto written =
      real_file_system().write_atomic(manifest_path(library), pretty_json(to_json(*manifest)));
  if (!written.ok()) return fail(cli, written.error());
  json::array types;
  for (const StageDecl& stage : manifest->stages) types.emplace_back(stage.name);
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, json::object{{"library", library.string()}, {"stage_types", std::move(types)}});
  } else if (cli.options.output == OutputFormat::kName) {
    *cli.out << library.string() << "\n";
  } else {
    *cli.out << library.string() << ": ";
    for (std::size_t i = 0; i < manifest->stages.size(); ++i)
      *cli.out << (i == 0 ? "" : ", ") << manifest->stages[i].name;
    *cli.out << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace

void add_plugins_build(CLI::App& plugins, Cli& cli) {
  auto* command =
      plugins.add_subcommand("build", "Compile one source file to a plugin, without CMake");
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->source, "The source, such as my_filter.cpp")->required();
  command->add_option("--output-file", options->output,
                      "The library; FILE's name with .so in the current folder where left out");
  command->add_flag("--debug", options->debug,
                    "For a debugger: every variable can be seen, and nothing is optimised");
  command->add_flag("--torch", options->torch, "Compile and link with LibTorch");
  command->callback(
      [&cli, options] { cli.action = [&cli, options] { return build(cli, *options); }; });
}

}  // namespace cairn
