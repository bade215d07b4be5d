// cairn-host: the process in which plugins run.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <iostream>

#include "core/base/boundary.h"
#include "core/base/log.h"
#include "core/host/host.h"
#include "core/host/options.h"
#include "core/host/process_guard.h"
#include "core/host/self_test.h"
#include "core/plugin/describe.h"
#include "core/plugin/library.h"
#include "core/plugin/manifest_cache.h"

namespace cairn::host {
namespace {

constexpr rlim_t kDescribeSeconds = 120;  // of processor time

// What is only to say what it holds needs no more than this, and leaves no core behind.
void limit_describing() {
  const rlimit no_core{0, 0};
  const rlimit seconds{kDescribeSeconds, kDescribeSeconds};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::setrlimit(RLIMIT_CPU, &seconds);
}

// Only the manifest goes to standard output: what the library itself prints while it is loaded
// goes to standard error.
int describe(const Options& options) {
  limit_describing();
  const int out = ::dup(STDOUT_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  const std::string text = describe_to_text(options.describe);
  const auto object = parse_json_object(text);
  const bool failed = !object.ok() || object->contains("error");
  if (options.write && !failed) {
    const PersistenceBoundary boundary(Boundary::kPluginManifest);
    const auto written =
        real_file_system().write_atomic(manifest_path(fs::absolute(options.describe)), text);
    if (written.ok()) return 0;
    std::cerr << "error: " << written.error().to_string() << '\n';
    return 1;
  }
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t count = ::write(out, rest.data(), rest.size());
    if (count < 0) return 1;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  return failed ? 3 : 0;
}

int self_test(const Options& options) {
  const auto done = run_self_test(options.self_test);
  if (done.ok()) return 0;
  std::cerr << "error: " << done.error().to_string() << '\n';
  return 1;
}

Result<Preview> make_preview(const Options& options) {
  if (options.library.empty()) {
    const Kind* kind = common_kind(options.kind);
    if (kind == nullptr) return not_found("there is no artifact kind '" + options.kind + "'");
    return kind->preview(options.preview, options.rows);
  }
  CAIRN_ASSIGN(const PluginLibrary library, PluginLibrary::load(options.library));
  for (const StageDecl& stage : library.manifest().stages) {
    const auto object = library.find(stage.name)->make();
    if (const Kind* kind = object->find_kind(options.kind))
      return kind->preview(options.preview, options.rows);
  }
  return not_found(options.library.string() + " has no artifact kind '" + options.kind + "'");
}

int preview(const Options& options) {
  try {
    const auto made = make_preview(options);
    if (made.ok()) {
      std::cout << pretty_json(to_json(*made));
      return 0;
    }
    std::cerr << made.error().to_string() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "the preview threw: " << error.what() << '\n';
  }
  return 1;
}

int run(const std::vector<std::string>& arguments) {
  const auto options = parse_options(arguments);
  if (!options.ok()) {
    std::cerr << "error: " << options.error().to_string() << '\n';
    return 2;
  }
  init_logging("cairn-host", Verbosity::kNormal);
  if (!options->privileges) ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!options->describe.empty()) return describe(*options);
  if (!options->preview.empty()) return preview(*options);
  install_process_guard();
  if (!options->self_test.empty()) return self_test(*options);
  return serve_engine(*options);
}

}  // namespace
}  // namespace cairn::host

int main(int argc, char** argv) {
  const int code = cairn::host::run({argv + 1, argv + argc});
  std::cout.flush();
  // Not through the destructors of plugins: they cannot undo what was reported.
  ::_exit(code);
}
