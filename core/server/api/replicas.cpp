#include "core/server/api/replicas.h"

#include "core/engine/load.h"
#include "core/server/on_strand.h"

namespace cairn::api {
namespace {

// A run of 100,000 tasks takes about 60 MB.
constexpr std::size_t kMostTasks = 400'000;
constexpr std::size_t kMostRuns = 64;
constexpr Duration kLiveEvery{100};

}  // namespace

std::shared_ptr<Replicas::Replica> Replicas::find(const std::string& run) {
  const std::lock_guard lock(mutex_);
  auto& replica = replicas_[run];
  if (!replica) replica = std::make_shared<Replica>();
  replica->used = ++uses_;
  return replica;
}

void Replicas::forget(const std::string& run) {
  const std::lock_guard lock(mutex_);
  replicas_.erase(run);
  moved_.erase(run);
}

void Replicas::note_progress(const std::string& run) {
  const std::lock_guard lock(mutex_);
  if (replicas_.contains(run)) moved_.insert(run);
}

// The least recently used go; whoever reads one keeps it as long as it reads.
void Replicas::trim() {
  const std::lock_guard lock(mutex_);
  for (;;) {
    std::size_t tasks = 0;
    auto oldest = replicas_.end();
    for (auto entry = replicas_.begin(); entry != replicas_.end(); ++entry) {
      const std::shared_lock reading(entry->second->mutex, std::try_to_lock);
      if (reading.owns_lock()) tasks += entry->second->state.tasks.size();
      if (oldest == replicas_.end() || entry->second->used < oldest->second->used) oldest = entry;
    }
    if (replicas_.size() <= 1 || (tasks <= kMostTasks && replicas_.size() <= kMostRuns)) return;
    moved_.erase(oldest->first);
    replicas_.erase(oldest);
  }
}

Result<void> Replicas::refresh(const std::string& run, Replica& replica) {
  if (!replica.loaded) {
    CAIRN_ASSIGN(replica.state, load_run(store_, run));
    replica.loaded = true;
  } else if (!replica.state.quarantined) {
    CAIRN_TRY(follow_run(store_, replica.state));
  }
  if (replica.state.status != RunStatus::kRunning) {
    replica.served = true;
    replica.live.clear();
    return {};
  }
  bool moved = false;
  {
    const std::lock_guard lock(mutex_);
    const Duration now = clock_.monotonic();
    if (moved_.contains(run) && now - replica.live_at >= kLiveEvery) {
      moved = true;
      moved_.erase(run);
      replica.live_at = now;
    }
  }
  if (scheduler_ == nullptr || (replica.served && !moved)) return {};
  std::tie(replica.served, replica.live) = on_strand(*scheduler_, [&] {
    const bool found = scheduler_->find(run) != nullptr;
    return std::pair(found, found ? scheduler_->live(run) : LiveTasks());
  });
  return {};
}

Result<void> Replicas::with(const std::string& run, const Use& use) {
  const std::shared_ptr<Replica> replica = find(run);
  bool grew = false;
  {
    const std::unique_lock lock(replica->mutex);
    grew = !replica->loaded;
    if (auto fresh = refresh(run, *replica); !fresh.ok()) {
      forget(run);
      return fresh;
    }
  }
  if (grew) trim();
  const std::shared_lock lock(replica->mutex);
  use({replica->state, replica->served, replica->live});
  return {};
}

}  // namespace cairn::api
