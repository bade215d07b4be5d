#include "core/server/api/repeat.h"

#include "core/base/digest.h"
#include "core/engine/load.h"

namespace cairn::api {
namespace {

bool same_origin(const v1::Origin& one, const v1::Origin& other) {
  return one.run() == other.run() && one.stage() == other.stage() && one.fork() == other.fork() &&
         (one.run().empty() || one.step() == other.step());
}

}  // namespace

Asked asked_of(const WorkflowSpec& spec) {
  return {spec.source, spec.name, spec.seed, spec.params, {}};
}

Result<void> check_repeat(const RunStore& store, const std::string& run, const Asked& asked) {
  bool same = true;
  CAIRN_TRY(
      replay_run(store, run, 0, [&](std::uint64_t, const Event& event, const RunState& state) {
        if (!event.has_run_created()) return true;
        const Asked was = asked_of(*state.spec);
        same = was.source == asked.source && was.name == asked.name && was.seed == asked.seed &&
               was.params == asked.params && same_origin(state.origin, asked.origin);
        return false;
      }));
  if (same) return {};
  return conflict("the Idempotency-Key belongs to another request, that of run " + run,
                  "send another key with another request");
}

v1::RequestKey key_of(std::string_view method, const std::string& request_id,
                      const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> asked(request.New());
  asked->CopyFrom(request);
  for (const char* name : {"run", "request_id"}) {
    if (const auto* field = asked->GetDescriptor()->FindFieldByName(name))
      asked->GetReflection()->ClearField(asked.get(), field);
  }
  v1::RequestKey key;
  key.set_id(request_id);
  key.set_digest(digest_of(std::string(method) + "\n" + asked->SerializeAsString()));
  return key;
}

Result<std::optional<Repeat>> find_repeat(const RunStore& store, const std::string& run,
                                          const v1::RequestKey& key) {
  // Texts stand in a record as they are: most journals need not be understood to know.
  bool named = false;
  CAIRN_TRY(store.read_journal(run, 0, [&](std::uint64_t, std::string_view bytes) {
    named = bytes.find(key.id()) != std::string_view::npos;
    return !named;
  }));
  if (!named) return std::optional<Repeat>();
  std::optional<Event> found;
  std::size_t events = 0;  // before it
  CAIRN_TRY(replay_run(store, run, 0, [&](std::uint64_t, const Event& event, const RunState&) {
    if (event.request().id() == key.id()) {
      found = event;
      return false;
    }
    ++events;
    return true;
  }));
  if (!found) return std::optional<Repeat>();
  if (found->request().digest() != key.digest())
    return conflict("the Idempotency-Key belongs to another command to run " + run,
                    "send another key with another request");
  Repeat repeat{std::move(*found), {}};
  CAIRN_TRY(replay_run(store, run, 0, [&](std::uint64_t, const Event&, const RunState& state) {
    if (--events > 0) return true;
    repeat.before = state;
    return false;
  }));
  return std::optional<Repeat>(std::move(repeat));
}

}  // namespace cairn::api
