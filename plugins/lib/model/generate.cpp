#include "plugins/lib/model/generate.h"

#include <utility>

namespace cairn::model {

Result<Generation> generate(const CausalLm& model, std::vector<Request> requests,
                            const EngineOptions& options) {
  CAIRN_ASSIGN(Engine engine, Engine::create(model, options));
  const std::size_t count = requests.size();
  for (std::size_t i = 0; i < count; ++i) {
    auto id = engine.submit(std::move(requests[i]));
    if (!id.ok()) return with_context(std::move(id).error(), "request " + std::to_string(i));
  }
  for (bool more = count > 0; more;) {
    CAIRN_ASSIGN(more, engine.step());
  }
  Generation generation;
  for (RequestId id = 0; id < count; ++id) generation.completions.push_back(engine.take(id));
  generation.counts = engine.counts();
  return generation;
}

Result<Generation> generate(const CausalLm& model, const std::vector<SampleGroup>& groups,
                            const SamplingOptions& sampling, const EngineOptions& options) {
  std::vector<Request> requests;
  requests.reserve(groups.size());
  for (const SampleGroup& group : groups) requests.push_back({group.prompt, group.seeds, sampling});
  return generate(model, std::move(requests), options);
}

}  // namespace cairn::model
