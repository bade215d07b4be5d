#include "core/server/reading/rollouts/body_index.h"
#include "core/server/reading/rollouts/rollout_view.h"
#include "core/server/reading/rollouts/rollouts.h"
#include "core/server/reading/rollouts/row_reader.h"

namespace cairn::reading {
namespace {

class FixedSource final : public RolloutSource {
 public:
  explicit FixedSource(Rollouts rollouts) : rollouts_(std::move(rollouts)) {}
  Result<Rollouts> view() override { return rollouts_; }

 private:
  Rollouts rollouts_;
};

bool is_there(const fs::path& file) {
  std::error_code error;
  return fs::exists(fs::symlink_status(file, error));
}

// Errors: anything in the columns that does not fit together.
Result<Rollouts> with_columns(const fs::path& folder, std::shared_ptr<const ReadFile> bodies) {
  CAIRN_ASSIGN(auto samples, read_samples(folder / kRolloutSamples));
  RolloutPart part;
  CAIRN_ASSIGN(part.columns, ReadFile::open(folder / kRolloutColumns));
  CAIRN_ASSIGN(part.tokens, ReadFile::open(folder / kRolloutTokens));
  part.bodies = std::move(bodies);
  CAIRN_ASSIGN(const std::uint64_t size, part.columns->size());
  CAIRN_ASSIGN(const std::uint64_t body_size, part.bodies->size());
  RowReader reader(*samples);
  CAIRN_TRY(reader.read(*part.columns));
  part.count = reader.count();
  if (part.count * sizeof(RolloutRow) != size)
    return corrupt("row " + std::to_string(part.count) + " of " + kRolloutColumns + " is damaged");
  if (reader.body_end() != body_size)
    return corrupt(std::string(kRolloutColumns) + " ends at byte " +
                   std::to_string(reader.body_end()) + " of " + kRolloutBodies + ", which has " +
                   std::to_string(body_size));
  return std::make_shared<const RolloutView>(std::vector{std::move(part)}, reader.steps(),
                                             std::move(samples), std::vector<std::string>());
}

Result<Rollouts> without_columns(std::shared_ptr<const ReadFile> bodies,
                                 std::vector<std::string> notes) {
  CAIRN_ASSIGN(BodyIndex index, index_bodies(*bodies, false));
  std::vector<StepRows> steps;
  for (std::size_t i = 0; i < index.rows.size(); ++i) CAIRN_TRY(add_row(index.rows[i], i, steps));
  RolloutPart part;
  part.bodies = std::move(bodies);
  part.count = index.rows.size();
  part.rows = std::make_shared<const std::vector<RolloutRow>>(std::move(index.rows));
  return std::make_shared<const RolloutView>(
      std::vector{std::move(part)}, std::move(steps),
      std::make_shared<const SampleTable>(std::move(index.samples), false), std::move(notes));
}

}  // namespace

Result<std::shared_ptr<RolloutSource>> RolloutSource::open_artifact(const fs::path& folder) {
  CAIRN_ASSIGN(const auto bodies, ReadFile::open(folder / kRolloutBodies));
  std::vector<std::string> notes;
  if (is_there(folder / kRolloutColumns)) {
    auto view = with_columns(folder, bodies);
    if (view.ok())
      return std::shared_ptr<RolloutSource>(std::make_shared<FixedSource>(std::move(*view)));
    notes.push_back("The columns can not be used, so the bodies were read instead: " +
                    view.error().message);
  }
  CAIRN_ASSIGN(Rollouts view, without_columns(bodies, std::move(notes)));
  return std::shared_ptr<RolloutSource>(std::make_shared<FixedSource>(std::move(view)));
}

}  // namespace cairn::reading
