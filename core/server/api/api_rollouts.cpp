// Api: rollouts of trainings.
#include "core/server/api/api.h"
#include "core/server/api/task_place.h"
#include "core/server/reading/rollouts/rollouts.h"

namespace cairn::api {
namespace {

constexpr const char* kKind = "rollouts";
constexpr const char* kDatasetPort = "dataset";
constexpr std::uint32_t kRolloutsOnAPage = 100;
constexpr std::uint32_t kStepsShown = 2'000;
constexpr std::uint32_t kTokensShown = 4'096;
// Artifacts whose columns are kept at hand.
constexpr std::size_t kMostSources = 16;

template <typename Request>
reading::RolloutFilter filter_of(const Request& request) {
  reading::RolloutFilter filter;
  if (request.has_step_min()) filter.step_min = request.step_min();
  if (request.has_step_max()) filter.step_max = request.step_max();
  if (!request.task().empty()) filter.task = request.task();
  if (!request.sample().empty()) filter.sample = request.sample();
  if (request.has_reward_min()) filter.reward_min = request.reward_min();
  if (request.has_reward_max()) filter.reward_max = request.reward_max();
  if (request.advantage() == "negative") filter.advantage = reading::AdvantageSign::kNegative;
  if (request.advantage() == "zero") filter.advantage = reading::AdvantageSign::kZero;
  if (request.advantage() == "positive") filter.advantage = reading::AdvantageSign::kPositive;
  if (request.has_truncated()) filter.truncated = request.truncated();
  if (request.has_dropped()) filter.dropped = request.dropped();
  if (request.has_with_tokens()) filter.with_tokens = request.with_tokens();
  if (request.has_answered()) filter.answered = request.answered();
  return filter;
}

reading::RolloutSort sort_of(std::string_view word) {
  if (word == "reward") return reading::RolloutSort::kReward;
  if (word == "advantage") return reading::RolloutSort::kAdvantage;
  if (word == "tokens") return reading::RolloutSort::kTokens;
  if (word == "entropy") return reading::RolloutSort::kEntropy;
  if (word == "made") return reading::RolloutSort::kMade;
  if (word == "error") return reading::RolloutSort::kError;
  return reading::RolloutSort::kStep;
}

const Artifact* dataset_of(const TaskPlaceFound& place) {
  for (const auto& [port, artifact] : place.inputs) {
    if (port == kDatasetPort) return &artifact;
  }
  return nullptr;
}

}  // namespace

Result<Api::OpenRollouts> Api::open_rollouts(const std::string& run, const std::string& stage) {
  OpenRollouts open;
  CAIRN_ASSIGN(open.place, find_task_place(runs(), run, stage));
  fs::path made;
  for (const Artifact& output : open.place.outputs) {
    if (output.kind() == kKind) made = artifacts_.path(output.digest());
  }
  const fs::path folder = made.empty() ? open.place.folder.work() : made;
  std::shared_ptr<reading::RolloutSource> source;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = rollouts_.find(folder.string()); known != rollouts_.end()) {
      source = known->second.source;
      known->second.used = ++rollout_uses_;
    }
  }
  if (!source) {
    if (made.empty()) {
      CAIRN_ASSIGN(source, reading::RolloutSource::open_task(folder));
    } else {
      CAIRN_ASSIGN(source, reading::RolloutSource::open_artifact(folder));
    }
    const std::lock_guard lock(mutex_);
    if (rollouts_.size() >= kMostSources) {
      rollouts_.erase(std::ranges::min_element(
          rollouts_, {}, [](const auto& entry) { return entry.second.used; }));
    }
    rollouts_[folder.string()] = {source, ++rollout_uses_};
  }
  CAIRN_ASSIGN(open.rollouts, source->view());
  return open;
}

Outcome Api::rollouts(const v1::ListRolloutsRequest& request) {
  CAIRN_ASSIGN(const OpenRollouts open, open_rollouts(request.run(), request.stage()));
  reading::RolloutPage page;
  page.filter = filter_of(request);
  std::string_view sort = request.sort();
  page.descending = sort.starts_with('-');
  if (page.descending) sort.remove_prefix(1);
  page.sort = sort_of(sort);
  page.cursor = request.cursor();
  page.limit = request.limit() == 0 ? kRolloutsOnAPage : request.limit();
  CAIRN_ASSIGN(json::object list, reading::rollout_page(open.rollouts, page));
  if (!open.place.reused_from.empty()) list["reused_from"] = open.place.reused_from;
  return list;
}

Outcome Api::rollout_steps(const v1::ListRolloutStepsRequest& request) {
  CAIRN_ASSIGN(const OpenRollouts open, open_rollouts(request.run(), request.stage()));
  CAIRN_ASSIGN(
      json::object steps,
      reading::rollout_steps(open.rollouts, request.most() == 0 ? kStepsShown : request.most()));
  if (!open.place.reused_from.empty()) steps["reused_from"] = open.place.reused_from;
  return steps;
}

Outcome Api::rollout_sample(const v1::GetRolloutSampleRequest& request) {
  CAIRN_ASSIGN(const OpenRollouts open, open_rollouts(request.run(), request.stage()));
  return outcome(reading::rollout_sample(open.rollouts, request.sample(), request.from_step()));
}

Outcome Api::rollout_group(const v1::GetRolloutGroupRequest& request) {
  CAIRN_ASSIGN(const OpenRollouts open, open_rollouts(request.run(), request.stage()));
  return outcome(reading::rollout_group(open.rollouts, request.step(), request.sample()));
}

Outcome Api::rollout_question(const v1::GetRolloutQuestionRequest& request) {
  CAIRN_ASSIGN(const TaskPlaceFound place, find_task_place(runs(), request.run(), request.stage()));
  const Artifact* dataset = dataset_of(place);
  if (dataset == nullptr)
    return not_found("task " + place.task + " of run " + place.run + " has no dataset");
  CAIRN_ASSIGN(json::object record,
               reading::dataset_record(
                   artifacts_.path(dataset->digest()), request.sample(),
                   request.has_record() ? std::optional(request.record()) : std::nullopt));
  return json::object{{"record", std::move(record)}, {"dataset", dataset->digest()}};
}

Outcome Api::rollout(const v1::GetRolloutRequest& request) {
  CAIRN_ASSIGN(const OpenRollouts open, open_rollouts(request.run(), request.stage()));
  reading::RolloutBody wish;
  wish.row = request.row();
  wish.text_from = request.text_from();
  wish.token_from = request.token_from();
  wish.token_limit = request.token_limit() == 0 ? kTokensShown : request.token_limit();
  if (request.has_token_at_byte()) wish.token_at_byte = request.token_at_byte();
  CAIRN_ASSIGN(json::object body, reading::rollout_body(open.rollouts, wish));
  if (const Artifact* dataset = dataset_of(open.place)) body["dataset"] = dataset->digest();
  return body;
}

Outcome Api::rollout_hits(const v1::SearchRolloutsRequest& request) {
  CAIRN_ASSIGN(const OpenRollouts open, open_rollouts(request.run(), request.stage()));
  reading::RolloutSearch wish;
  wish.text = request.q();
  wish.filter = filter_of(request);
  wish.cursor = request.cursor();
  wish.limit = request.limit() == 0 ? kRolloutsOnAPage : request.limit();
  return outcome(reading::rollout_search(open.rollouts, wish, clock_));
}

}  // namespace cairn::api
