// shell: runs a command with declared inputs and outputs (DESIGN §8).
//
// The command sees an empty folder with copies of `files`, its inputs as $CAIRN_INPUT_NAME, and the
// environment of the host with `env` on top. After a host's death it may run again: at least once.
#include <algorithm>
#include <cctype>

#include "core/sdk/plugin.h"
#include "plugins/lib/command/command.h"

namespace {

namespace fs = cairn::fs;
namespace json = cairn::json;

constexpr cairn::Duration kGrace{5000};

// input "my-data" -> CAIRN_INPUT_MY_DATA
std::string variable_of_input(const std::string& name) {
  std::string variable = "CAIRN_INPUT_";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    variable += std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return variable;
}

// A path that stays below the folder it is joined to.
bool is_inside(const fs::path& path) {
  if (path.empty() || path.is_absolute()) return false;
  return std::none_of(path.begin(), path.end(), [](const auto& part) { return part == ".."; });
}

struct Shell : cairn::Stage {
  cairn::Param<std::string> command{this, "run", cairn::Required{}, "Command for /bin/sh -c"};
  cairn::Param<std::vector<fs::path>> files{
      this, "files", std::vector<fs::path>{},
      "Files and folders copied into the command's folder; their digests are in the cache key",
      cairn::Content{}};
  cairn::Param<json::value> env{this, "env", json::object{},
                                "Environment variables: a map of names to values"};
  cairn::Param<json::value> outputs{this, "outputs", json::object{},
                                    "Outputs by name: a path relative to the command's folder"};

  Shell() {
    declare_open_inputs();
    declare_outputs_from_param("outputs");
  }

  cairn::Result<void> run(cairn::StageContext& ctx) override {
    const fs::path& folder = ctx.temp_dir();
    CAIRN_TRY(cairn::command::copy_into(*files, folder));
    CAIRN_ASSIGN(const auto paths, output_paths());

    cairn::ProcessSpec spec;
    spec.argv = {"/bin/sh", "-c", *command};
    spec.folder = folder;
    spec.one_stream = true;
    CAIRN_ASSIGN(spec.environment, environment());
    cairn::command::Tail tail;
    cairn::ProcessHooks hooks;
    hooks.output = [&](bool, std::string_view bytes) {
      ctx.output(bytes);
      tail.add(bytes);
    };
    hooks.stop = [&] { return ctx.cancelled(); };
    hooks.grace = kGrace;
    CAIRN_ASSIGN(const cairn::ProcessEnd end, cairn::run_process(spec, hooks));
    if (end.stopped) return cairn::stage_cancelled();
    if (!end.success()) return failed(end, tail.lines(ctx));
    for (const auto& [name, path] : paths) CAIRN_TRY(take_output(name, folder, path, ctx));
    return {};
  }

 private:
  static cairn::Error failed(const cairn::ProcessEnd& end, const std::string& lines) {
    std::string message = "the command " + cairn::command::describe(end);
    if (!lines.empty()) message += "; its last output:" + lines;
    return cairn::make_error(cairn::ErrorCode::kInvalidArgument, message);
  }

  [[nodiscard]] cairn::Result<std::vector<std::pair<std::string, fs::path>>> output_paths() const {
    if (!outputs->is_object()) return cairn::invalid_argument("`outputs` must be a map");
    std::vector<std::pair<std::string, fs::path>> list;
    for (const auto& [name, value] : outputs->as_object()) {
      if (!value.is_string() || !is_inside(value.as_string().c_str()))
        return cairn::invalid_argument("output '" + std::string(name) +
                                       "' must be a relative path below the command's folder");
      list.emplace_back(name, value.as_string().c_str());
    }
    return list;
  }

  [[nodiscard]] cairn::Result<std::vector<std::string>> environment() const {
    cairn::command::Environment environment;
    for (const auto& [name, paths] : binding().inputs) {
      std::string value;
      for (const auto& path : paths) value += (value.empty() ? "" : "\n") + path.string();
      environment.set(variable_of_input(name), value);
    }
    CAIRN_TRY(environment.add(*env));
    return environment.list();
  }

  [[nodiscard]] cairn::Result<void> take_output(const std::string& name, const fs::path& folder,
                                                const fs::path& path,
                                                cairn::StageContext& ctx) const {
    std::error_code error;
    const fs::path made = folder / path;
    if (!fs::exists(fs::symlink_status(made, error))) {
      // Every output is looked for after run(); this says where this one was expected.
      ctx.log(cairn::LogLevel::kError, "the command made no " + path.string() + ", its output '" +
                                           name + "', in the folder it started in");
      return {};
    }
    fs::rename(made, binding().out_dir / name, error);
    if (error) return cairn::io_error("take output", path.string(), error.value());
    return {};
  }
};

}  // namespace

CAIRN_PLUGIN(cairn::stage_type<Shell>("shell", "Runs a command with declared inputs and outputs")
                 .self_test([](cairn::SelfTest& test) {
                   test.param("run", "echo stones > made");
                   test.param("outputs", json::object{{"made", "made"}}).output("made");
                   return cairn::Result<void>();
                 }))
