// Persistence boundaries: the named places where Cairn changes what lies on a disk. A process can
// be killed just before or after any of them, and whatever is changed outside of them is counted:
// so a test can kill at every place there is, and knows that it has them all.
//
//   const PersistenceBoundary guard(Boundary::kArtifactPublish);
//
// CAIRN_DIE_AT=NAME:N[:before|after] in the environment kills the process (SIGKILL) at the N-th
// passing of the boundary of this name (1: the first), on entering it (the default) or leaving it.
// CAIRN_DIE_ONCE=FILE: only the process that removes this file dies, so that one of many does.
// CAIRN_BOUNDARY_LOG=FILE: every passing is appended to the file as "PID NAME", and every change
// outside of a boundary as "PID outside WHAT PATH".
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace cairn {

// All there are. Names: boundary.cpp.
enum class Boundary : std::uint8_t {
  kStoreOpen,
  kStoreAppend,
  kStoreContinue,    // opened anew after a full disk
  kStoreBackground,  // tables that RocksDB writes on its own
  kStoreClose,
  kStoreCopy,
  kBackupMake,
  kBackupRestore,
  kArtifactPublish,
  kArtifactRemember,
  kArtifactSetAside,
  kArtifactRemove,
  kArtifactClean,
  kAttemptPrepare,
  kAttemptReport,
  kAttemptCheckpoint,
  kAttemptLog,
  kAttemptClean,
  kSpoolAppend,
  kSpoolTrim,
  kRunFolder,
  kEngineSocket,
  kPluginManifest,
  kExport,
};
inline constexpr std::size_t kBoundaries = static_cast<std::size_t>(Boundary::kExport) + 1;

[[nodiscard]] std::string_view to_string(Boundary boundary);
[[nodiscard]] std::optional<Boundary> boundary_named(std::string_view name);

// Names what this thread does until the guard ends; an inner guard takes over meanwhile.
class PersistenceBoundary {
 public:
  explicit PersistenceBoundary(Boundary boundary);
  ~PersistenceBoundary();
  PersistenceBoundary(const PersistenceBoundary&) = delete;
  PersistenceBoundary& operator=(const PersistenceBoundary&) = delete;

  // Of this thread.
  [[nodiscard]] static std::optional<Boundary> current();

 private:
  Boundary boundary_;
  std::optional<Boundary> outer_;
  std::uint64_t passing_;
};

// Every write, rename, removal and sync of Cairn's calls this; cheap. `what` and `path` are looked
// at only when the change is outside of every boundary.
void note_change(std::string_view what, std::string_view path);

// Process-wide, since the start or the last reset.
struct BoundaryCounts {
  std::array<std::uint64_t, kBoundaries> passings{};
  std::array<std::uint64_t, kBoundaries> changes{};
  std::uint64_t changes_outside = 0;
  std::string first_outside;  // "write PATH"

  [[nodiscard]] std::uint64_t passings_of(Boundary boundary) const {
    return passings[static_cast<std::size_t>(boundary)];
  }
  [[nodiscard]] std::uint64_t changes_of(Boundary boundary) const {
    return changes[static_cast<std::size_t>(boundary)];
  }
};
[[nodiscard]] BoundaryCounts boundary_counts();
void reset_boundary_counts();

// Where a process shall die.
struct Death {
  Boundary boundary = Boundary::kStoreOpen;
  std::uint64_t passing = 1;
  bool after = false;
};
// The text of CAIRN_DIE_AT.
[[nodiscard]] Result<Death> parse_death(std::string_view text);
// Takes the place of CAIRN_DIE_AT, for a child that was forked; passings count on.
void die_at(const Death& death);

}  // namespace cairn
