#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "core/base/random.h"
#include "core/sdk/testing/stage_harness.h"

namespace cairn::testing {
namespace {

constexpr std::size_t kGarbageBytes = 4096;

std::string garbage() {
  RandomStream random(1, "garbage");
  std::string bytes;
  for (std::size_t i = 0; i < kGarbageBytes; ++i)
    bytes += static_cast<char>(static_cast<unsigned char>(random.below(256)));
  return bytes;
}

bool threw(const HarnessRun& run) {
  return run.failure && run.failure->message.starts_with("the stage threw");
}

}  // namespace

std::string StageHarness::compare(const HarnessRun& reference, const HarnessRun& found,
                                  const std::string& what) const {
  std::string text;
  for (const auto& [name, digest] : reference.outputs) {
    const auto other = found.outputs.find(name);
    if (other == found.outputs.end() || other->second != digest)
      text.append("output '")
          .append(name)
          .append("' of ")
          .append(what)
          .append(" differs from the uninterrupted one's\n");
  }
  return text;
}

Result<HarnessRun> StageHarness::reference_run() {
  reset();
  HarnessRun reference = run();
  if (reference.failure)
    return invalid_argument("the uninterrupted run failed: " + reference.failure->message);
  return reference;
}

std::string StageHarness::check_resume() {
  const auto reference = reference_run();
  if (!reference.ok()) return reference.error().message;
  if (reference->checkpoints.empty()) return "the stage saved no checkpoint";
  reset();
  for (std::size_t kills = 0;; ++kills) {
    const HarnessRun next = kill_at_checkpoint(1).run();
    if (next.killed && kills < reference->checkpoints.size()) continue;
    if (next.killed) return "the killed run saves more checkpoints than the uninterrupted one";
    if (next.failure) return "the resumed run failed: " + next.failure->message;
    return compare(*reference, next, "the killed run");
  }
}

std::string StageHarness::check_same_twice() {
  const auto reference = reference_run();
  if (!reference.ok()) return reference.error().message;
  reset();
  const HarnessRun again = run();
  if (again.failure) return "the second run failed: " + again.failure->message;
  return compare(*reference, again, "the second run");
}

std::string StageHarness::check_cancel() {
  const auto reference = reference_run();
  if (!reference.ok()) return reference.error().message;
  std::string wrong;
  for (int count = 0; count <= static_cast<int>(reference->checkpoints.size()); ++count) {
    const std::string when =
        count == 0 ? "before it started" : "after checkpoint " + std::to_string(count);
    reset();
    const HarnessRun stopped = stop_at_checkpoint(count).run();
    if (stopped.failure && stopped.failure->cause != "cancelled")
      wrong += "asked to stop " + when + ", the stage failed: " + stopped.failure->message + "\n";
    const HarnessRun resumed = run();
    if (resumed.failure)
      wrong +=
          "stopped " + when + " and taken up again, it failed: " + resumed.failure->message + "\n";
    else
      wrong += compare(*reference, resumed, "the run that was stopped " + when);
  }
  return wrong;
}

std::string StageHarness::check_full_disk() {
  const auto reference = reference_run();
  if (!reference.ok()) return reference.error().message;
  std::string wrong;
  const auto check = [&](const std::string& what) {
    const HarnessRun full = run();
    if (threw(full)) wrong += what + ": " + full.failure->message + "\n";
    if (!full.failure) wrong += compare(*reference, full, "the run with " + what);
    const HarnessRun resumed = run();
    if (resumed.failure)
      wrong += what + ", then space again: it failed: " + resumed.failure->message + "\n";
    else
      wrong += compare(*reference, resumed, "the run after " + what);
  };
  for (int count = 1; count <= static_cast<int>(reference->checkpoints.size()); ++count) {
    reset();
    full_disk_at_checkpoint(count);
    check("a disk that was full at checkpoint " + std::to_string(count));
  }
  reset();
  largest_file(1);
  check("no space for any file");
  return wrong;
}

std::string StageHarness::check_out_of_memory() {
  const auto reference = reference_run();
  if (!reference.ok()) return reference.error().message;
  reset();
  const HarnessRun found = spare_memory(0).run();
  if (threw(found)) return "without memory: " + found.failure->message;
  if (!found.failure) return compare(*reference, found, "the run without spare memory");
  const HarnessRun resumed = run();
  if (resumed.failure) return "with memory again it failed: " + resumed.failure->message;
  return compare(*reference, resumed, "the run with memory again");
}

std::string StageHarness::check_garbage() {
  const auto reference = reference_run();
  if (!reference.ok()) return reference.error().message;
  const auto inputs = setup_.inputs;
  std::string wrong;
  for (const PortDecl& port : decl_.inputs) {
    const auto given = inputs.find(port.name);
    if (given == inputs.end() || given->second.empty()) continue;
    fs::path bad = write_file("garbage/" + port.name, garbage());
    std::error_code error;
    if (fs::is_directory(given->second.front(), error)) {
      bad = folder_ / "garbage" / (port.name + "-empty");
      fs::create_directories(bad, error);
    }
    setup_.inputs[port.name].front() = bad;
    reset();
    const HarnessRun found = run();
    if (threw(found))
      wrong += "garbage for input '" + port.name + "': " + found.failure->message + "\n";
    if (!found.failure && port.kind != kind::File::kName)
      wrong += "garbage for input '" + port.name + "' was taken for good\n";
    setup_.inputs = inputs;
  }
  return wrong;
}

std::string StageHarness::check_golden(const std::string& name, const fs::path& file) const {
  const std::string found = output_text(name);
  if (const char* update = std::getenv("CAIRN_UPDATE_GOLDENS");
      update != nullptr && std::string_view(update) == "1") {
    std::ofstream(file, std::ios::binary) << found;
    return {};
  }
  const auto expected = real_file_system().read(file);
  if (!expected.ok()) return expected.error().to_string();
  if (found == *expected) return {};
  const auto differ = std::ranges::mismatch(found, *expected);
  const auto line = std::count(found.begin(), differ.in1, '\n') + 1;
  return "output '" + name + "' differs from " + file.string() + " in line " +
         std::to_string(line) + "; CAIRN_UPDATE_GOLDENS=1 writes it anew";
}

}  // namespace cairn::testing
