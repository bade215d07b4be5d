// GroupGuard: process groups that must not outlive this process, whatever ends it.
//
// A small process, forked once, waits on a pidfd of this one; then it kills every group in a table
// that both share. Entering a group costs a store to memory.
#pragma once

#include <sys/types.h>

#include <atomic>

#include "core/base/result.h"

namespace cairn {

// Thread-safe.
class GroupGuard {
 public:
  // The guard of this process, started by the first call.
  [[nodiscard]] static Result<GroupGuard*> get();

  // The group's leader is a child that was not waited for yet. Returns the slot to give back
  // before it is; a full table is an error.
  [[nodiscard]] Result<std::atomic<pid_t>*> enter(pid_t group);

 private:
  static constexpr std::size_t kSlots = 1024;
  GroupGuard() = default;
  [[nodiscard]] Result<void> start();
  [[noreturn]] void watch(int parent) const;
  std::atomic<pid_t>* slots_ = nullptr;  // kSlots of them, shared with the guard; 0: free
};

}  // namespace cairn
