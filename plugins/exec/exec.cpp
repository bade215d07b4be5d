// exec: runs a program in any language as a stage with inputs, outputs, checkpoints and metrics
// (docs/exec.md has the protocol).
//
// The program runs in an empty folder with copies of `files`, in the environment of the host with
// `env` on top. After a host's death it may run again, from its last checkpoint: at least once.
#include <dlfcn.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/sdk/plugin.h"
#include "plugins/exec/conversation.h"
#include "plugins/exec/protocol.h"
#include "plugins/exec/saved_state.h"
#include "plugins/lib/command/command.h"

namespace {

namespace fs = cairn::fs;
namespace json = cairn::json;
using cairn::Result;

// Where this library lies; the module for programs in Python lies in python/ beside it.
fs::path library_folder() {
  static const char here = 0;
  Dl_info info{};
  if (::dladdr(&here, &info) == 0 || info.dli_fname == nullptr) return {};
  return fs::absolute(info.dli_fname).parent_path();
}

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

Result<std::string> find_program(const std::string& name, const std::string& search_path) {
  if (name.find('/') != std::string::npos) return name;
  for (const auto folder : cairn::split(search_path, ':')) {
    const fs::path path = fs::path(folder) / name;
    if (path.is_absolute() && is_program(path)) return path.string();
  }
  return cairn::not_found(
      "there is no program '" + name + "' in the host's PATH, " + search_path,
      "install it on the machine that runs the stage, or name it with its path");
}

struct Exec : cairn::Stage {
  cairn::Param<std::vector<std::string>> command{
      this, "command", cairn::Required{},
      "The program and its arguments: a name found in PATH, or a path; ./NAME is one of `files`"};
  cairn::Param<std::vector<fs::path>> files{
      this, "files", std::vector<fs::path>{},
      "Files and folders copied into the program's folder; their digests are in the cache key",
      cairn::Content{}};
  cairn::Param<json::value> params{this, "params", json::object{},
                                   "Parameters of the program: a map, handed to it as it is"};
  cairn::Param<json::value> env{this, "env", json::object{},
                                "Environment variables: a map of names to values"};
  cairn::Param<std::map<std::string, std::string>> outputs{
      this, "outputs", {}, "Outputs by name: the kind of each"};
  cairn::Param<std::string> channel{
      this, "channel", "fd",
      "Where the program finds its messages: descriptors named by CAIRN_EXEC_READ_FD and "
      "CAIRN_EXEC_WRITE_FD, or standard input and output",
      cairn::Choices{{"fd", "stdio"}}};
  cairn::Param<cairn::Duration> grace{
      this, "grace", std::chrono::seconds(5),
      "Time to end in after the message cancel, before SIGTERM, and again before SIGKILL"};

  cairn::Metric metrics{this, "*", "any", "What the program records"};
  cairn::Checkpoints checkpoints{this, "steps", "What the program saves"};

  Exec() {
    declare_open_inputs();
    declare_outputs_from_param("outputs", FurtherOutputs::kKinds);
  }

  Result<void> run(cairn::StageContext& ctx) override {
    if (command->empty() || command->front().empty())
      return cairn::invalid_argument("`command` must begin with a program");
    if (!params->is_object()) return cairn::invalid_argument("`params` must be a map");
    CAIRN_ASSIGN(const cairn::exec::Start start, start_of(ctx));
    CAIRN_ASSIGN(const cairn::ProcessSpec spec, process(ctx));
    CAIRN_TRY(cairn::command::copy_into(*files, spec.folder));
    CAIRN_TRY(cairn::exec::Conversation(ctx, *grace).hold(spec, start_line(start)));
    for (const auto& [name, path] : start.outputs) tell_missing(name, path, ctx);
    return {};
  }

 private:
  [[nodiscard]] Result<cairn::exec::Start> start_of(cairn::StageContext& ctx) const {
    cairn::exec::Start start;
    start.params = params->as_object();
    start.inputs = binding().inputs;
    for (const auto& [name, kind] : *outputs) start.outputs[name] = binding().out_dir / name;
    start.temp_dir = ctx.temp_dir();
    start.work_dir = ctx.work_dir();
    start.seed = ctx.seed();
    start.attempt = ctx.attempt();
    start.resources = ctx.resources();
    CAIRN_ASSIGN(const auto checkpoint, ctx.latest_checkpoint());
    if (checkpoint) {
      CAIRN_ASSIGN(start.checkpoint, cairn::exec::read_state(*checkpoint));
    }
    return start;
  }

  [[nodiscard]] Result<cairn::ProcessSpec> process(const cairn::StageContext& ctx) const {
    cairn::ProcessSpec spec;
    cairn::command::Environment environment;
    spec.argv = *command;
    CAIRN_ASSIGN(spec.argv[0], find_program(command->front(), environment.get("PATH")));
    spec.folder = ctx.temp_dir();
    spec.one_stream = true;
    // Sets of texts have one order in every attempt, unless the user wants it otherwise.
    environment.set("PYTHONHASHSEED", "0");
    CAIRN_TRY(environment.add(*env));
    const std::string others = environment.get("PYTHONPATH");
    environment.set("PYTHONPATH",
                    (library_folder() / "python").string() + (others.empty() ? "" : ":" + others));
    if (*channel == "fd") {
      spec.channel = cairn::ProcessChannel::kDescriptors;
      environment.set("CAIRN_EXEC_READ_FD", std::to_string(cairn::kChannelReadFd));
      environment.set("CAIRN_EXEC_WRITE_FD", std::to_string(cairn::kChannelWriteFd));
    } else {
      spec.channel = cairn::ProcessChannel::kStandard;
      environment.unset("CAIRN_EXEC_READ_FD");
      environment.unset("CAIRN_EXEC_WRITE_FD");
    }
    spec.environment = environment.list();
    return spec;
  }

  // Every output is looked for after run(); this says where this one was expected.
  static void tell_missing(const std::string& name, const fs::path& path,
                           cairn::StageContext& ctx) {
    std::error_code ignored;
    if (!fs::exists(fs::symlink_status(path, ignored)))
      ctx.log(cairn::LogLevel::kError, "the program ended without making its output '" + name +
                                           "', whose path is outputs." + name +
                                           " of the message start");
  }
};

// A walk of ten steps with checkpoints, in Python.
constexpr const char* kWalk = R"(import cairn_stage
stage = cairn_stage.Stage()
total = stage.resume_state or 0
for step in range((stage.resume_step or 0) + 1, 11):
    total += stage.random("walk", step).randrange(100)
    stage.metric("total", step, total)
    stage.progress(step, 10, "steps")
    if stage.cancelled:
        stage.checkpoint(step, total)
        raise SystemExit
    if step % 3 == 0:
        stage.checkpoint(step, total)
with open(stage.output("total"), "w") as out:
    print(total, file=out)
)";

Result<void> prepare(cairn::SelfTest& test) {
  CAIRN_ASSIGN(auto writer, cairn::ByteWriter::create(test.folder() / "walk.py"));
  CAIRN_TRY(writer.write(kWalk));
  CAIRN_TRY(writer.close());
  test.param("command", json::array{"python3", "walk.py"});
  test.param("files", std::vector<fs::path>{test.folder() / "walk.py"});
  test.param("outputs", json::object{{"total", "file"}}).output("total");
  return {};
}

}  // namespace

CAIRN_PLUGIN(cairn::stage_type<Exec>(
                 "exec", "Runs a program in any language, with checkpoints, metrics and memory")
                 .random()
                 .self_test(prepare))
