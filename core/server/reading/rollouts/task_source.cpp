// Rollouts of a training that runs.
#include <mutex>

#include "core/server/reading/rollouts/segments.h"

namespace cairn::reading {
namespace {

class TaskSource final : public RolloutSource {
 public:
  explicit TaskSource(const fs::path& work) : columns_(work), bodies_(work) {}

  Result<Rollouts> view() override {
    const std::lock_guard lock(mutex_);
    CAIRN_ASSIGN(auto view, columns_.view());
    if (view) return std::move(*view);
    return bodies_.view();
  }

 private:
  std::mutex mutex_;
  ColumnSegments columns_;
  BodySegments bodies_;
};

}  // namespace

Result<std::shared_ptr<RolloutSource>> RolloutSource::open_task(const fs::path& work) {
  return std::shared_ptr<RolloutSource>(std::make_shared<TaskSource>(work));
}

}  // namespace cairn::reading
