// What this machine lets us use: processors, memory, cgroups, disks.
//
// Every function takes the root folder under which /proc and /sys lie, so that tests bring their
// own machine; "/" is this one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

struct MachineTotals {
  int cpus = 1;
  std::uint64_t memory_bytes = 0;
};

// Processors of our affinity mask, no more than cpu.max of our cgroup and its parents allows
// (rounded up); memory of the machine, no more than memory.max allows.
[[nodiscard]] Result<MachineTotals> machine_totals(const fs::path& root = "/");

struct CgroupState {
  bool unified = false;    // cgroup v2
  bool delegated = false;  // we may make groups of our own with memory limits
  std::string path;        // below /sys/fs/cgroup
};
[[nodiscard]] CgroupState cgroup_state(const fs::path& root = "/");

// The library that programs linked against libblas.so.3 load, all links followed; nothing where
// no BLAS is installed.
[[nodiscard]] std::optional<fs::path> find_blas(const fs::path& root = "/");
// Netlib's reference BLAS: correct, and ten to fifty times slower than the others.
[[nodiscard]] bool is_reference_blas(const fs::path& library);

struct DiskState {
  std::uint64_t free_bytes = 0;  // for us, not for root
  std::string kind;              // "nfs", "lustre", or "local" for all others
};
// Of the file system that holds the path, or would hold it: the nearest folder that exists.
[[nodiscard]] Result<DiskState> disk_state(const fs::path& path);
// The path itself if it exists, else its nearest parent that does.
[[nodiscard]] fs::path nearest_existing(const fs::path& path);

}  // namespace cairn
