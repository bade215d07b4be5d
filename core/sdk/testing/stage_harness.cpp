#include "core/sdk/testing/stage_harness.h"

#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>

namespace cairn::testing {
namespace {

// Unwinds a stage as a kill would end it; no std::exception, so that no stage handles it.
struct Killed {};

// A limit of the process while it lives.
class Limit {
 public:
  Limit(__rlimit_resource_t resource, std::optional<std::uint64_t> value) : resource_(resource) {
    if (!value) return;
    ::getrlimit(resource_, &before_);
    rlimit limit = before_;
    limit.rlim_cur = std::min<rlim_t>(*value, before_.rlim_max);
    set_ = ::setrlimit(resource_, &limit) == 0;
  }
  ~Limit() {
    if (set_) ::setrlimit(resource_, &before_);
  }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

 private:
  const __rlimit_resource_t resource_;
  rlimit before_{};
  bool set_ = false;
};

// A write beyond RLIMIT_FSIZE is an error, not the end of the process.
class IgnoredSignal {
 public:
  IgnoredSignal() : before_(std::signal(SIGXFSZ, SIG_IGN)) {}
  ~IgnoredSignal() { std::signal(SIGXFSZ, before_); }
  IgnoredSignal(const IgnoredSignal&) = delete;
  IgnoredSignal& operator=(const IgnoredSignal&) = delete;

 private:
  void (*before_)(int);
};

std::uint64_t address_space() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  file >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

// The machine's file system, which takes no more from the count-th checkpoint on.
class StageHarness::Disk final : public FileSystem {
 public:
  explicit Disk(std::optional<int> full_at) : full_at_(full_at) {}

  Result<std::unique_ptr<AppendFile>> open_append(const fs::path& path) override {
    return real_file_system().open_append(path);
  }
  Result<void> truncate(const fs::path& path, std::uint64_t size) override {
    return real_file_system().truncate(path, size);
  }
  Result<void> write_atomic(const fs::path& path, std::string_view bytes) override {
    if (path.filename() == "manifest.json") ++checkpoints_;
    if (full_at_ && checkpoints_ >= *full_at_) return io_error("write", path, ENOSPC);
    return real_file_system().write_atomic(path, bytes);
  }
  Result<void> rename(const fs::path& from, const fs::path& to) override {
    return real_file_system().rename(from, to);
  }
  Result<void> make_directories(const fs::path& path) override {
    return real_file_system().make_directories(path);
  }
  Result<void> remove_all(const fs::path& path) override {
    return real_file_system().remove_all(path);
  }
  Result<void> sync(const fs::path& path) override { return real_file_system().sync(path); }
  Result<void> sync_tree(const fs::path& path) override {
    return real_file_system().sync_tree(path);
  }
  Result<std::string> read(const fs::path& path) override { return real_file_system().read(path); }

 private:
  const std::optional<int> full_at_;
  int checkpoints_ = 0;
};

StageType stage_of(const fs::path& library, const std::string& stage_type) {
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) fail_unwrap(not_found(library.string() + ": " + ::dlerror()));
  auto* registers = reinterpret_cast<RegisterStageTypes*>(::dlsym(handle, kRegisterSymbol));
  if (registers == nullptr) fail_unwrap(invalid_argument(library.string() + " is no plugin"));
  std::vector<StageType> types;
  std::string error;
  if (!registers(&types, &error)) fail_unwrap(invalid_argument(error));
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

StageHarness& StageHarness::input(const std::string& name, const fs::path& path) {
  setup_.inputs[name].push_back(path);
  return *this;
}
StageHarness& StageHarness::input_text(const std::string& name, std::string_view text) {
  return input(name, write_file("inputs/" + std::to_string(++files_) + "/" + name, text));
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
StageHarness& StageHarness::full_disk_at_checkpoint(int count) {
  full_at_ = count;
  return *this;
}
StageHarness& StageHarness::largest_file(std::uint64_t bytes) {
  largest_file_ = bytes;
  return *this;
}

StageHarness& StageHarness::spare_memory(std::uint64_t bytes) {
  spare_memory_ = bytes;
  return *this;
}

Result<void> StageHarness::self_test() {
  if (!type_.self_test())
    return not_found("stage type '" + type_.name() + "' has no self-test",
                     "give it one: stage_type<…>(…).self_test(…)");
  SelfTest test(folder_ / "self-test");
  CAIRN_TRY(real_file_system().make_directories(test.folder()));
  CAIRN_TRY(type_.self_test()(test));
  setup_.params = test.params();
  setup_.inputs = test.inputs();
  for (const std::string& output : test.outputs()) expect_output(output);
  return {};
}

void StageHarness::reset() {
  attempts_ = 0;
  task_.root = folder_ / ("task-" + std::to_string(++tasks_));
}

fs::path StageHarness::output(const std::string& name) const {
  return task_.attempt(attempts_).out() / name;
}

std::string StageHarness::output_text(const std::string& name) const {
  return real_file_system().read(output(name)).value_or("");
}

fs::path StageHarness::write_file(const std::string& name, std::string_view text) {
  fs::path path = folder_ / name;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.flush();
  if (!file) fail_unwrap(io_error("write", path, errno));
  return path;
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
  Disk disk(full_at_);
  AttemptContext owner(disk, clock_, settings, on_checkpoint);
  context = &owner;
  if (stop_at_ == 0) context->request_stop();

  setup_.out_dir = context->folder().out();
  if (const auto made = context->make_out(); !made.ok()) fail_unwrap(made.error());
  {
    const IgnoredSignal ignored;
    const Limit files(RLIMIT_FSIZE, largest_file_);
    const Limit memory(
        RLIMIT_AS, spare_memory_ ? std::optional(address_space() + *spare_memory_) : std::nullopt);
    result.failure = run_stage(type_, setup_, *context);
  }
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
  full_at_.reset();
  largest_file_.reset();
  spare_memory_.reset();
  return result;
}

}  // namespace cairn::testing
