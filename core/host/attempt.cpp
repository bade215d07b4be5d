#include "core/host/attempt.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "core/artifacts/content_store.h"
#include "core/host/fingerprint.h"
#include "core/host/process_guard.h"

namespace cairn::host {
namespace {

// OpenBLAS takes a processor that is newer than itself for an old one, whose kernels are two to
// three times slower.
const char* openblas_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0)
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) return "Haswell";
#endif
  return nullptr;
}

// Numerical libraries read these when they are loaded.
void limit_threads(const v1::ResourceLimits& limits) {
  const std::string threads = std::to_string(std::max(1U, limits.cpus()));
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
    ::setenv(name, threads.c_str(), 1);
  std::string gpus;
  for (const auto& gpu : limits.gpus()) gpus += (gpus.empty() ? "" : ",") + gpu;
  // Threads that wait for each other sleep: spinning starves whoever shares the cores.
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  if (const char* kernels = openblas_kernels(); kernels != nullptr)
    ::setenv("OPENBLAS_CORETYPE", kernels, 0);
  ::setenv("CUDA_VISIBLE_DEVICES", gpus.c_str(), 1);
}

StageFailure failure_of(const Error& error) {
  return {"error", error.to_string()};
}

}  // namespace

Result<const PluginLibrary*> PluginShelf::get(const fs::path& library, const Digest& digest) {
  auto found = libraries_.find(library.string());
  if (found == libraries_.end()) {
    CAIRN_ASSIGN(const Digest on_disk, hash_file(library));
    if (on_disk != digest)
      return conflict(library.string() + " has changed since the run was planned",
                      "resume the run: it will be planned with the library as it is now");
    CAIRN_ASSIGN(PluginLibrary loaded, PluginLibrary::load(library));
    found = libraries_.emplace(library.string(), std::move(loaded)).first;
  }
  if (found->second.manifest().digest != digest)
    return conflict(library.string() + " was loaded here in another version",
                    "resume the run: a new host will load it");
  return &found->second;
}

std::vector<std::string> PluginShelf::loaded() const {
  std::vector<std::string> paths;
  for (const auto& [path, library] : libraries_) paths.push_back(path);
  return paths;
}

Attempt::Attempt(FileSystem& files, const Clock& clock, PluginShelf& shelf,
                 v1::Assignment assignment, Hooks hooks)
    : files_(files),
      clock_(clock),
      shelf_(shelf),
      assignment_(std::move(assignment)),
      hooks_(std::move(hooks)),
      folder_(TaskFolder{assignment_.task_folder()}.attempt(
          static_cast<int>(assignment_.attempt().attempt()))) {}

Attempt::~Attempt() {
  if (thread_.joinable()) thread_.join();
}

void Attempt::start() {
  thread_ = std::thread([this] {
    guard_this_thread();
    run();
  });
}

void Attempt::stop(const std::string& cause) {
  const std::lock_guard lock(mutex_);
  if (stop_cause_.empty()) stop_cause_ = cause;
  if (context_) context_->request_stop();
}

std::optional<v1::HostReport> Attempt::heartbeat() const {
  const std::lock_guard lock(mutex_);
  if (!context_) return std::nullopt;
  const auto status = context_->status();
  v1::HostReport report;
  *report.mutable_attempt() = assignment_.attempt();
  auto* heartbeat = report.mutable_heartbeat();
  heartbeat->mutable_progress()->set_done(status.done);
  heartbeat->mutable_progress()->set_total(status.total);
  heartbeat->mutable_progress()->set_unit(status.unit);
  heartbeat->set_log_bytes(status.log_bytes);
  heartbeat->set_metric_bytes(status.metric_bytes);
  heartbeat->mutable_last_metrics()->insert(status.last_metrics.begin(), status.last_metrics.end());
  return report;
}

void Attempt::run() {
  v1::Finished finished;
  std::optional<StageFailure> failure;
  try {
    failure = execute(finished);
  } catch (const std::exception& e) {
    failure = StageFailure{"error", std::string("the host threw: ") + e.what()};
  }
  const std::lock_guard lock(mutex_);
  if (failure) {
    // What was asked to stop and stopped is not the stage's fault, whatever it says.
    const bool stopped = failure->cause == "cancelled" && !stop_cause_.empty();
    finished.clear_outputs();
    finished.set_failure_cause(stopped ? stop_cause_ : failure->cause);
    finished.set_failure_message(failure->message);
  }
  if (context_) {
    const auto status = context_->status();
    finished.mutable_last_metrics()->insert(status.last_metrics.begin(), status.last_metrics.end());
  }
  finish(std::move(finished));
}

std::optional<StageFailure> Attempt::execute(v1::Finished& finished) {
  if (const auto opened = open_context(); !opened.ok()) return failure_of(opened.error());
  std::optional<StageFailure> failure;
  {
    auto capture = OutputCapture::start(folder_.output_log());
    if (!capture.ok()) return failure_of(capture.error());
    limit_threads(assignment_.resources());
    const auto type = load_stage_type();
    if (!type.ok()) return failure_of(type.error());
    auto params = parse_json_object(assignment_.params_json());
    if (!params.ok()) return failure_of(params.error());
    v1::HostReport started;
    started.mutable_started()->set_fingerprint_json(
        json::serialize(fingerprint(context_->resources().cpus)));
    if (const auto spooled = spool(std::move(started)); !spooled.ok())
      return failure_of(spooled.error());

    StageRun run;
    run.params = std::move(params).value();
    run.out_dir = folder_.out();
    for (const auto& output : assignment_.outputs()) run.outputs.push_back(output.name());
    for (const auto& [name, input] : assignment_.inputs())
      run.inputs[name].assign(input.paths().begin(), input.paths().end());
    failure = run_stage(**type, run, *context_);
  }
  const auto closed = context_->close();
  if (failure) return failure;
  if (!closed.ok()) return failure_of(closed.error());
  if (const auto published = publish(finished); !published.ok()) {
    const bool wrong = published.error().code == ErrorCode::kInvalidArgument;
    return StageFailure{wrong ? "invalid_output" : "error", published.error().to_string()};
  }
  return std::nullopt;
}

Result<void> Attempt::open_context() {
  CAIRN_TRY(files_.make_directories(folder_.root));
  CAIRN_ASSIGN(spool_, Spool::open(files_, folder_.spool(), assignment_.attempt()));
  AttemptContext::Settings settings;
  settings.task = TaskFolder{assignment_.task_folder()};
  settings.attempt = static_cast<int>(assignment_.attempt().attempt());
  settings.seed = assignment_.seed();
  settings.resources.cpus = static_cast<int>(std::max(1U, assignment_.resources().cpus()));
  settings.resources.memory_bytes = assignment_.resources().memory_bytes();
  settings.resources.gpus = assignment_.resources().gpus_size();
  const auto on_checkpoint = [this](const CheckpointFolder::Saved& saved) {
    v1::HostReport report;
    report.mutable_checkpoint()->set_step(saved.step);
    report.mutable_checkpoint()->set_digest(saved.digest);
    return spool(std::move(report));
  };
  CAIRN_ASSIGN(auto context, AttemptContext::open(files_, clock_, settings, on_checkpoint));
  const std::lock_guard lock(mutex_);
  context_ = std::move(context);
  if (!stop_cause_.empty()) context_->request_stop();
  return {};
}

Result<const StageType*> Attempt::load_stage_type() {
  CAIRN_ASSIGN(const PluginLibrary* library,
               shelf_.get(assignment_.plugin(), assignment_.plugin_digest()));
  const StageType* type = library->find(assignment_.stage_type());
  if (type == nullptr)
    return not_found(assignment_.plugin() + " has no stage type '" + assignment_.stage_type() +
                     "'");
  return type;
}

Result<void> Attempt::publish(v1::Finished& finished) {
  ContentStore store(assignment_.store_folder(), files_);
  for (const auto& output : assignment_.outputs()) {
    CAIRN_ASSIGN(const ContentId content, store.publish(folder_.out() / output.name()));
    auto* artifact = finished.add_outputs();
    artifact->set_name(output.name());
    artifact->set_kind(output.kind());
    artifact->set_digest(content.digest);
    artifact->set_bytes(content.bytes);
    artifact->set_directory(content.directory);
  }
  return {};
}

Result<void> Attempt::spool(v1::HostReport report) {
  CAIRN_ASSIGN(v1::HostReport numbered, spool_->append(std::move(report)));
  hooks_.report(std::move(numbered));
  return {};
}

void Attempt::finish(v1::Finished finished) {
  ExitRecord record;
  record.cause = finished.failure_cause();
  record.message = finished.failure_message();
  record.token = assignment_.attempt().token();
  v1::HostReport report;
  *report.mutable_finished() = std::move(finished);
  Result<v1::HostReport> spooled =
      spool_ ? spool_->append(report) : internal_error("the attempt has no spool");
  const auto written = write_exit_record(files_, folder_.exit_record(), record);
  // The spool alone is enough to know the end by.
  if (!written.ok()) std::cerr << "cairn-host: " << written.error().to_string() << '\n';
  if (spooled.ok()) return hooks_.report(std::move(spooled).value());
  // The disk took no record of the end. The engine hears that the attempt failed: a success that a
  // crash could forget is none.
  auto* failed = report.mutable_finished();
  failed->clear_outputs();
  if (record.cause.empty()) failed->set_failure_cause("error");
  failed->set_failure_message(record.message + (record.message.empty() ? "" : "; ") +
                              "its end could not be recorded: " + spooled.error().to_string());
  *report.mutable_attempt() = assignment_.attempt();
  hooks_.report(std::move(report));
}

}  // namespace cairn::host
