// HostLink: how the scheduler talks with hosts that run, and SpoolReader: how it reads what they
// wrote when they no longer do.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "schemas/host.pb.h"

namespace cairn {

class HostLink {
 public:
  virtual ~HostLink() = default;

  // Kept until the host attaches; dropped when it never does. Called on the scheduler's strand;
  // does not block.
  virtual void send(const std::string& host, const v1::EngineCommand& command) = 0;
  // The host is gone: drop what is kept for it.
  virtual void forget(const std::string& host) = 0;

  // Set once, before the first send. Called from any thread, in order for each host, with every
  // report, Hello included.
  using OnReport = std::function<void(std::string host, v1::HostReport)>;
  virtual void on_report(OnReport callback) = 0;
};

// Called on the scheduler's strand, after the host is gone.
class SpoolReader {
 public:
  virtual ~SpoolReader() = default;

  // Reports of an attempt with a sequence above `after`, in order. A torn last record is no
  // error; no spool is an empty one.
  [[nodiscard]] virtual Result<std::vector<v1::HostReport>> read(const fs::path& attempt_folder,
                                                                 std::uint64_t after) = 0;
  // The last lines an attempt printed, for the message of a crash; empty where there are none.
  [[nodiscard]] virtual std::string last_output(const fs::path& attempt_folder) = 0;
};

// Reads AttemptFolder::spool() and output_log() (core/sdk/runtime/attempt_files.h).
[[nodiscard]] std::unique_ptr<SpoolReader> file_spool_reader(FileSystem& files);

}  // namespace cairn
