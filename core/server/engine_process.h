// EngineProcess: a whole engine inside this process: the store's lock, the socket, local hosts and
// the scheduler, on a thread of its own. `cairn run` embeds it; `cairn serve` is little more.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/result.h"
#include "core/engine/scheduler.h"
#include "core/server/api/api.h"
#include "core/server/run_control.h"
#include "core/server/tcp_door.h"

namespace cairn {

struct EngineOptions {
  fs::path state_dir;
  fs::path store_dir;
  fs::path host_program;
  ResourceTotals totals;
  bool keep_warm = false;  // hosts wait for the next run, too
  bool temporary = false;  // the state folder goes when the engine ends
  Duration orphan_timeout{600'000};
  Duration notify_timeout{60'000};
  std::uint64_t free_space = 0;         // of the store's disk, below which nothing new starts
  std::optional<fs::path> runtime_dir;  // $XDG_RUNTIME_DIR
  // Whether code of this library may run.
  std::function<Result<void>(const std::string& library)> trust_plugin = [](const auto&) {
    return Result<void>();
  };
  std::optional<TcpOptions> tcp;         // where to listen besides the socket
  std::vector<std::string> environment;  // of notify; hosts get least_environment of it
  std::vector<std::string> variables;    // that hosts get, too; see LocalExecutorOptions
  bool privileges = false;               // stages may ask for `privileges: inherit`
  std::string command;                   // for those who ask who holds the store
  // Of workflows that are submitted as text, and plugins that are asked for.
  std::vector<fs::path> plugin_dirs;
  std::string version;
  std::function<json::object(const WorkflowSpec&)> capture = [](const auto&) {
    return json::object();
  };
};

class EngineProcess {
 public:
  // Takes the store's lock and listens. Errors: kConflict when another process holds it (the
  // message names it), kIo, kInvalidArgument (a newer store, a state folder on a network disk).
  [[nodiscard]] static Result<std::unique_ptr<EngineProcess>> start(const EngineOptions& options,
                                                                    FileSystem& files,
                                                                    const Clock& clock);
  // Stops serving. Hosts that still run are left alone.
  virtual ~EngineProcess() = default;

  // Call its functions through on_strand().
  [[nodiscard]] virtual Scheduler& scheduler() = 0;
  [[nodiscard]] virtual RunStore& store() = 0;
  [[nodiscard]] virtual EngineControl& control() = 0;
  [[nodiscard]] virtual api::Api& api() = 0;
  // Absolute.
  [[nodiscard]] virtual const fs::path& store_folder() const = 0;
  [[nodiscard]] virtual const fs::path& socket() const = 0;
  // HOST:PORT; empty: it does not listen on TCP.
  [[nodiscard]] virtual std::string tcp_address() const = 0;
};

}  // namespace cairn
