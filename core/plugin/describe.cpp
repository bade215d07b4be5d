#include "core/plugin/describe.h"

#include "core/base/environment.h"
#include "core/base/subprocess.h"
#include "core/base/text.h"
#include "core/plugin/library.h"

namespace cairn {
namespace {

constexpr std::size_t kMaxOutput = 16 << 20;
constexpr std::size_t kMaxComplaint = 2000;

// The error a child reported, or nothing when it printed something else.
std::optional<Error> reported_error(const json::object& object) {
  const auto* error = object.if_contains("error");
  if (error == nullptr || !error->is_object()) return std::nullopt;
  const auto message = get_string(error->as_object(), "message");
  const auto hint = get_string(error->as_object(), "hint");
  if (!message.ok() || !hint.ok()) return std::nullopt;
  return invalid_argument(*message, *hint);
}

std::string how_it_ended(const ProcessEnd& end, Duration timeout) {
  if (end.timed_out)
    return "did not answer within " + format_duration_ms(timeout.count()) +
           " (a constructor of the library may hang)";
  if (end.stopped) return "printed more than " + format_bytes(kMaxOutput);
  if (end.signal != 0) return "crashed the process that loaded it with " + signal_name(end.signal);
  return "ended the process that loaded it with exit code " + std::to_string(end.exit_code);
}

}  // namespace

std::string describe_to_text(const fs::path& library) {
  const auto loaded = PluginLibrary::load(library);
  if (loaded.ok()) return pretty_json(to_json(loaded->manifest()));
  const Error& error = loaded.error();
  return pretty_json(json::object{
      {"error",
       {{"code", to_string(error.code)}, {"message", error.message}, {"hint", error.hint}}}});
}

Result<LibraryManifest> describe_in_child(const fs::path& library, const fs::path& describe_program,
                                          Duration timeout) {
  std::string output;
  std::string complaint;
  ProcessHooks hooks;
  hooks.timeout = timeout;
  hooks.output = [&](bool is_error, std::string_view bytes) {
    auto& target = is_error ? complaint : output;
    const std::size_t limit = is_error ? kMaxComplaint : kMaxOutput + 1;
    target.append(bytes.substr(0, limit - std::min(limit, target.size())));
  };
  hooks.stop = [&] { return output.size() > kMaxOutput; };
  ProcessSpec spec;
  spec.argv = {describe_program.string(), "--describe", library.string()};
  spec.environment = least_environment(current_environment());
  CAIRN_ASSIGN(const ProcessEnd end, run_process(spec, hooks));

  const auto object = parse_json_object(output);
  if (object.ok()) {
    if (auto error = reported_error(*object)) return *error;
    if (end.success()) {
      CAIRN_ASSIGN(LibraryManifest manifest, library_manifest_from_json(*object));
      manifest.library = library;
      return manifest;
    }
  }
  std::string message = library.string() + " " + how_it_ended(end, timeout);
  const std::string said = printable(trim(complaint));
  if (!said.empty()) message += "; it said: " + said;
  return invalid_argument(
      message, "no stage type of it can be used; to see it again: cairn-host --describe " +
                   library.string());
}

}  // namespace cairn
