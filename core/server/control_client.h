// RemoteRuns: a RunSource that asks the engine which holds the store.
#pragma once

#include <memory>
#include <optional>

#include "core/base/files.h"
#include "core/server/run_source.h"
#include "schemas/control.grpc.pb.h"

namespace cairn {

class RemoteRuns final : public RunSource {
 public:
  // Nothing where nobody listens on the socket.
  [[nodiscard]] static std::unique_ptr<RemoteRuns> connect(const fs::path& socket);

  // {"pid", "command", "runs": [...]}
  [[nodiscard]] Result<json::object> describe();
  // Durable when it returns; the run's document then.
  [[nodiscard]] Result<json::object> cancel(const std::string& run);

  Result<json::array> list() override;
  Result<json::object> get(const std::string& run) override;
  Result<json::object> explain(const std::string& run) override;
  Result<void> watch(const std::string& run, std::uint64_t after, bool progress,
                     const OnEvent& on_event) override;

 private:
  explicit RemoteRuns(std::unique_ptr<v1::Control::Stub> stub) : stub_(std::move(stub)) {}
  std::unique_ptr<v1::Control::Stub> stub_;
};

}  // namespace cairn
