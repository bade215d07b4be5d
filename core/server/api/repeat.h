// Whether a request was sent before with the same Idempotency-Key: of one that makes a run, whether
// the run is what it asks for; of a command, what the run's journal says of it.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/engine/state.h"
#include "core/store/run_store.h"

namespace cairn::api {

// What the run was made of, as far as the client gave it.
struct Asked {
  std::string source;  // the workflow's text
  std::string name;
  std::uint64_t seed = 0;
  json::object params;
  v1::Origin origin;  // run empty: it has none
};
[[nodiscard]] Asked asked_of(const WorkflowSpec& spec);

// kConflict: the run with this id was made of something else. Nothing: it was not.
[[nodiscard]] Result<void> check_repeat(const RunStore& store, const std::string& run,
                                        const Asked& asked);

// The key of a command. Its digest is of the method and of the request without `run` and
// `request_id`: keys are those of a run.
[[nodiscard]] v1::RequestKey key_of(std::string_view method, const std::string& request_id,
                                    const google::protobuf::Message& request);

struct Repeat {
  Event event;      // that the command journaled
  RunState before;  // the run then
};
// Nothing: no command with this key changed the run. kConflict: another command did. Reads the
// run's journal.
[[nodiscard]] Result<std::optional<Repeat>> find_repeat(const RunStore& store,
                                                        const std::string& run,
                                                        const v1::RequestKey& key);

}  // namespace cairn::api
