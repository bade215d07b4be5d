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
  // does not block. The commands arrive together and in order.
  virtual void send(const std::string& host, std::vector<v1::EngineCommand> commands) = 0;
  // The host is gone: drop what is kept for it.
  virtual void forget(const std::string& host) = 0;

  // Set once, before the first send. Called from any thread, in order for each host, with all
  // reports of one message, Hello included.
  using OnReports = std::function<void(std::string host, std::vector<v1::HostReport>)>;
  virtual void on_reports(OnReports callback) = 0;
};

// Called on the scheduler's strand.
class SpoolReader {
 public:
  virtual ~SpoolReader() = default;

  // Reports of a host with a sequence above `after`, in order. A torn last record is no error; no
  // spool is an empty one.
  [[nodiscard]] virtual Result<std::vector<v1::HostReport>> read(const std::string& host,
                                                                 std::uint64_t after) = 0;
  // The last lines an attempt printed, for the message of a crash; empty where there are none.
  [[nodiscard]] virtual std::string last_output(const std::string& host,
                                                const fs::path& attempt_folder) = 0;
  // Every host of which anything is there.
  [[nodiscard]] virtual Result<std::vector<std::string>> list() = 0;
  // The host is gone and its reports are journaled.
  virtual void remove(const std::string& host) = 0;
};

// Reads the folders of hosts below STORE (core/sdk/runtime/attempt_files.h).
[[nodiscard]] std::unique_ptr<SpoolReader> file_spool_reader(FileSystem& files, fs::path store);

}  // namespace cairn
