// Generator: one engine on a thread of its own that takes calls from any thread while it runs.
//
// Calls that are there at the same time share its batches (continuous batching). They wait in the
// order in which they came.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/generate.h"

namespace cairn::model {

using CallId = std::uint64_t;

// Called on the generator's thread, which makes no tokens meanwhile: they must not block.
struct CallEvents {
  // A token of the call's request `index`. False: nobody wants the rest, the call is cancelled.
  // May be empty.
  std::function<bool(std::size_t index, const TokenEvent& event)> token;
  // Once, at the end: [request][sample], of a cancelled call with what there was (kCancelled).
  // Errors: kInvalidArgument for what Engine::submit refuses; kUnavailable when memory ran out, and
  // kInternal for other failures of a step, each for all calls of its batch.
  std::function<void(Result<std::vector<std::vector<Completion>>>)> done;
};

struct GeneratorOptions {
  EngineOptions engine;  // without on_token and cancelled
  int threads = 1;       // as fix_threads was given
  std::size_t max_calls = 256;
};

class Generator {
 public:
  // The model outlives it. Errors: options that make no sense.
  [[nodiscard]] static Result<std::unique_ptr<Generator>> start(const CausalLm& model,
                                                                GeneratorOptions options);
  // Ends all calls as cancelled.
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // kResourceExhausted: max_calls wait or run. kUnavailable: after cancel_all.
  [[nodiscard]] Result<CallId> submit(std::vector<Request> requests, CallEvents events);
  // Its place in the batch is free from the next step on. Nothing happens when it has ended.
  void cancel(CallId call);
  // All there are, and no more come.
  void cancel_all();

 private:
  class Impl;
  explicit Generator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::model
