#include "core/server/api/preview.h"

#include "core/base/environment.h"
#include "core/base/subprocess.h"
#include "core/base/text.h"
#include "core/sdk/kinds.h"

namespace cairn {
namespace {

constexpr Duration kTimeout{60'000};
constexpr std::size_t kMostOutput = std::size_t{16} << 20;

// The library that defines the kind; empty where every plugin knows it.
Result<fs::path> library_of(const std::string& kind, const Registry& registry) {
  if (find_common_kind(kind) != nullptr) return fs::path();
  for (const LibraryManifest& library : registry.libraries())
    for (const StageDecl& stage : library.stages)
      for (const KindDecl& known : stage.kinds)
        if (known.name == kind) return library.library;
  return not_found("no plugin knows the artifact kind '" + printable(kind) + "'",
                   "name the folder of the plugin that made it with --plugin-dir");
}

// What the process said, without where on the disk the artifact lies.
std::string without_path(std::string said, const std::string& path) {
  constexpr std::string_view kInstead = "the artifact";
  for (std::size_t at = said.find(path); at != std::string::npos;
       at = said.find(path, at + kInstead.size()))
    said.replace(at, path.size(), kInstead);
  return said;
}

}  // namespace

Result<json::object> preview_artifact(const PreviewWish& wish, const Registry& registry) {
  CAIRN_ASSIGN(const fs::path library, library_of(wish.kind, registry));
  ProcessSpec spec;
  spec.argv = {wish.host_program.string(),
               "--preview",
               wish.artifact.string(),
               "--kind",
               wish.kind,
               "--rows",
               std::to_string(wish.rows)};
  if (!library.empty()) spec.argv.insert(spec.argv.end(), {"--library", library.string()});
  spec.environment = least_environment(current_environment());
  std::string out;
  std::string said;
  ProcessHooks hooks;
  hooks.timeout = kTimeout;
  hooks.output = [&](bool is_error, std::string_view bytes) {
    std::string& target = is_error ? said : out;
    target.append(bytes.substr(0, kMostOutput - std::min(kMostOutput, target.size())));
  };
  CAIRN_ASSIGN(const ProcessEnd end, run_process(spec, hooks));
  if (end.success()) return parse_json_object(out);
  return invalid_argument(
      "the output cannot be shown as " + wish.kind + ": " +
          (said.empty() ? "the process that read it ended early"
                        : printable(trim(without_path(said, wish.artifact.string())))),
      "cairn artifacts path says where it lies");
}

}  // namespace cairn
