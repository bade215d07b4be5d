// Where the files of hosts, of tasks and of their attempts lie. Hosts write them, each file and
// folder when it is first needed; the engine reads them.
#pragma once

#include <string>

#include "core/base/files.h"

namespace cairn {

// attempt-N/ of a task.
struct AttemptFolder {
  fs::path root;
  // {"time","level","message"} per line; bounded, see BoundedLog.
  [[nodiscard]] fs::path log() const { return root / "log.jsonl"; }
  // Standard output and error of the process and its children: any bytes.
  [[nodiscard]] fs::path output_log() const { return root / "output.log"; }
  // {"name","step","value"} per line, and "runtime":true for what is no part of the result. A
  // value that is not finite is one of the strings "NaN", "Infinity", "-Infinity".
  [[nodiscard]] fs::path metrics() const { return root / "metrics.jsonl"; }
  // {"cause","message","token"} once the attempt has ended; cause "" is success.
  [[nodiscard]] fs::path exit_record() const { return root / "exit.json"; }
  [[nodiscard]] fs::path out() const { return root / "out"; }
  // Of an attempt that runs without a host (StageHarness); see HostFolder.
  [[nodiscard]] fs::path tmp() const { return root / "tmp"; }
};

struct TaskFolder {
  fs::path root;
  [[nodiscard]] fs::path checkpoints() const { return root / "checkpoints"; }
  [[nodiscard]] fs::path work() const { return root / "work"; }
  [[nodiscard]] fs::path memo() const { return root / "memo.jsonl"; }
  [[nodiscard]] AttemptFolder attempt(int number) const {
    return {root / ("attempt-" + std::to_string(number))};
  }
};

// STORE/hosts/HOST of a host process.
struct HostFolder {
  fs::path root;
  // FramedLog of HostReport messages (schemas/host.proto), numbered from 1.
  [[nodiscard]] fs::path spool() const { return root / "spool"; }
  // What the process printed outside of attempts, and inside of those that have no folder yet.
  [[nodiscard]] fs::path output_log() const { return root / "output.log"; }
  // A digest per line: core/host/claims.h.
  [[nodiscard]] fs::path claims() const { return root / "claims"; }
  // The temporary folder of the attempt that runs; emptied after it, not removed: to make and
  // remove a folder thousands of times a second is slow.
  [[nodiscard]] fs::path tmp() const { return root / "tmp"; }
};
[[nodiscard]] inline HostFolder host_folder(const fs::path& store, const std::string& host) {
  return {store / "hosts" / host};
}

}  // namespace cairn
