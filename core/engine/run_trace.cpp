#include "core/engine/run_trace.h"

#include "core/base/digest.h"
#include "core/base/trace_context.h"

namespace cairn {
namespace {

constexpr std::size_t kTraceDigits = 32;
constexpr std::size_t kSpanDigits = 16;

// Two names never give the same id but by chance; an id of zeros is none.
std::string id_of(const std::string& name, std::size_t digits) {
  const Digest digest = digest_of(name);
  std::string id(digest_hex(digest).substr(0, digits));
  if (id.find_first_not_of('0') == std::string::npos) id.back() = '1';
  return id;
}

}  // namespace

std::string run_traceparent(const std::string& run, const std::string& given) {
  if (const auto context = parse_traceparent(given)) return to_traceparent(*context);
  return to_traceparent(
      {id_of("trace of " + run, kTraceDigits), id_of("span of " + run, kSpanDigits), true});
}

std::string attempt_traceparent(const RunState& state, std::uint32_t task, std::uint32_t attempt) {
  auto context = parse_traceparent(run_traceparent(state.id, state.traceparent));
  context->span_id =
      id_of(state.id + "/" + task_name(state, task) + "/" + std::to_string(attempt), kSpanDigits);
  return to_traceparent(*context);
}

}  // namespace cairn
