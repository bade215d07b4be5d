// `cairn-model serve`: its options, its life.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/causal_lm.h"

namespace cairn::model {

struct ServeArguments {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string token_file;                // empty: no token is asked for, which loopback alone may
  std::vector<std::string> allow_names;  // further names for Host
  std::string name;                      // of the model; empty: the folder's
  std::string kv_budget = "4Gi";
  std::int64_t max_batch = 64;
  std::size_t max_calls = 256;
  std::int64_t max_tokens = 1024;  // of a chat that does not say
};

// What must not be: an address that others reach without a token. kInvalidArgument.
[[nodiscard]] Result<void> check_serve(const ServeArguments& arguments);

// SIGINT and SIGTERM wait for run_serve; before any thread is started.
void hold_stop_signals();

// Serves until SIGINT or SIGTERM; then no new calls, those that run have ten seconds, a second
// signal ends them at once. Prints {"http","model","pid"} on one line when it is ready.
// threads: as fix_threads was given.
[[nodiscard]] Result<void> run_serve(const ServeArguments& arguments, const std::string& folder,
                                     const CausalLm& model, int threads);

}  // namespace cairn::model
