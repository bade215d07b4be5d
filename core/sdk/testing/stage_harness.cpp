#include "core/sdk/testing/stage_harness.h"

#include <dlfcn.h>

#include <algorithm>

namespace cairn::testing {
namespace {

// Unwinds a stage as a kill would end it; no std::exception, so that no stage handles it.
struct Killed {};

std::string differences(const std::map<std::string, Digest>& expected,
                        const std::map<std::string, Digest>& found) {
  std::string text;
  for (const auto& [name, digest] : expected) {
    const auto other = found.find(name);
    if (other == found.end() || other->second != digest)
      text += "output '" + name + "' of the killed run differs from the uninterrupted one's\n";
  }
  return text;
}

}  // namespace

StageType stage_of(const fs::path& library, const std::string& stage_type) {
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) fail_unwrap(not_found(library.string() + ": " + ::dlerror()));
  const auto* record = static_cast<const PluginRecord*>(::dlsym(handle, kPluginSymbol));
  if (record == nullptr) fail_unwrap(invalid_argument(library.string() + " is no plugin"));
  std::vector<StageType> types;
  std::string error;
  if (!record->stage_types(&types, &error)) fail_unwrap(invalid_argument(error));
  const auto found = std::find_if(types.begin(), types.end(),
                                  [&](const auto& type) { return type.name() == stage_type; });
  if (found == types.end()) fail_unwrap(not_found("no stage type '" + stage_type + "'"));
  return *found;
}

StageHarness::StageHarness(StageType type) : type_(std::move(type)), decl_(type_.declaration()) {
  folder_ = make_private_folder(fs::temp_directory_path(), "cairn-harness-").value();
  for (const auto& output : decl_.outputs) setup_.outputs.push_back(output.name);
  reset();
}

StageHarness::~StageHarness() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

StageHarness& StageHarness::param(const std::string& name, json::value value) {
  setup_.params[name] = std::move(value);
  return *this;
}
StageHarness& StageHarness::input(const std::string& name, const fs::path& path) {
  setup_.inputs[name].push_back(path);
  return *this;
}
StageHarness& StageHarness::seed(std::uint64_t seed) {
  seed_ = seed;
  return *this;
}
StageHarness& StageHarness::resources(StageResources resources) {
  resources_ = resources;
  return *this;
}
StageHarness& StageHarness::expect_output(const std::string& name) {
  setup_.outputs.push_back(name);
  return *this;
}
StageHarness& StageHarness::kill_at_checkpoint(int count) {
  kill_at_ = count;
  return *this;
}
StageHarness& StageHarness::stop_at_checkpoint(int count) {
  stop_at_ = count;
  return *this;
}

void StageHarness::reset() {
  attempts_ = 0;
  task_.root = folder_ / ("task-" + std::to_string(++tasks_));
}

fs::path StageHarness::output(const std::string& name) const {
  return task_.attempt(attempts_).out() / name;
}

HarnessRun StageHarness::run() {
  HarnessRun result;
  AttemptContext* context = nullptr;
  const auto on_checkpoint = [&](const CheckpointFolder::Saved& saved) -> Result<void> {
    result.checkpoints.push_back(saved.step);
    const int count = static_cast<int>(result.checkpoints.size());
    if (stop_at_ == count) context->request_stop();
    if (kill_at_ == count) {
      result.killed = true;
      throw Killed{};
    }
    return {};
  };
  AttemptContext::Settings settings;
  settings.task = task_;
  settings.attempt = ++attempts_;
  settings.seed = seed_;
  settings.resources = resources_;
  AttemptContext owner(real_file_system(), clock_, settings, on_checkpoint);
  context = &owner;
  if (stop_at_ == 0) context->request_stop();

  setup_.out_dir = context->folder().out();
  if (const auto made = context->make_out(); !made.ok()) fail_unwrap(made.error());
  result.failure = run_stage(type_, setup_, *context);
  result.status = context->status();
  const auto closed = context->close();
  if (!closed.ok() && !result.failure)
    result.failure = StageFailure{"error", closed.error().to_string()};
  result.log = real_file_system().read(context->folder().log()).value_or("");
  if (!result.failure)
    for (const auto& name : setup_.outputs)
      result.outputs[name] = identify_content(output(name)).value().digest;
  kill_at_.reset();
  stop_at_.reset();
  return result;
}

std::string StageHarness::check_resume() {
  reset();
  const HarnessRun reference = run();
  if (reference.failure) return "the uninterrupted run failed: " + reference.failure->message;
  if (reference.checkpoints.empty()) return "the stage saved no checkpoint";
  reset();
  for (std::size_t kills = 0;; ++kills) {
    const HarnessRun next = kill_at_checkpoint(1).run();
    if (next.killed && kills < reference.checkpoints.size()) continue;
    if (next.killed) return "the killed run saves more checkpoints than the uninterrupted one";
    if (next.failure) return "the resumed run failed: " + next.failure->message;
    return differences(reference.outputs, next.outputs);
  }
}

}  // namespace cairn::testing
