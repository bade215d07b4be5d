#include "core/executors/machine.h"

#include <sched.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

#include "core/base/text.h"

namespace cairn {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr == text.data()) return std::nullopt;
  return value;
}

std::string read_or_empty(const fs::path& path) {
  auto text = real_file_system().read(path);
  return text.ok() ? std::string(trim(*text)) : std::string();
}

// Our cgroup v2 folder and its parents, innermost first.
std::vector<fs::path> cgroup_folders(const fs::path& root, const std::string& path) {
  const fs::path top = root / "sys/fs/cgroup";
  std::vector<fs::path> folders;
  for (fs::path below = fs::path(path).relative_path(); !below.empty();
       below = below.parent_path()) {
    folders.push_back(top / below);
  }
  folders.push_back(top);
  return folders;
}

int affinity_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(CPU_COUNT(&set), 1);
}

}  // namespace

Result<MachineTotals> machine_totals(const fs::path& root) {
  MachineTotals totals;
  totals.cpus = affinity_cpus();
  CAIRN_ASSIGN(const std::string meminfo, real_file_system().read(root / "proc/meminfo"));
  for (std::string_view line : split(meminfo, '\n')) {
    if (!line.starts_with("MemTotal:")) continue;
    totals.memory_bytes = parse_number(trim(line.substr(9))).value_or(0) * 1024;
  }
  if (totals.memory_bytes == 0) return corrupt("/proc/meminfo does not say MemTotal");

  for (const fs::path& folder : cgroup_folders(root, cgroup_state(root).path)) {
    if (const auto limit = parse_number(read_or_empty(folder / "memory.max"))) {
      totals.memory_bytes = std::min(totals.memory_bytes, *limit);
    }
    const std::string cpu = read_or_empty(folder / "cpu.max");  // "QUOTA PERIOD" or "max PERIOD"
    const auto words = split(cpu, ' ');
    const auto quota = parse_number(words[0]);
    const auto period = words.size() == 2 ? parse_number(words[1]) : std::nullopt;
    if (quota && period && *period > 0) {
      const auto whole = static_cast<int>((*quota + *period - 1) / *period);
      totals.cpus = std::clamp(whole, 1, totals.cpus);
    }
  }
  return totals;
}

CgroupState cgroup_state(const fs::path& root) {
  CgroupState state;
  const std::string groups = read_or_empty(root / "proc/self/cgroup");
  for (std::string_view line : split(groups, '\n')) {
    if (line.starts_with("0::")) state.path = line.substr(3);
  }
  const fs::path folder = root / "sys/fs/cgroup" / fs::path(state.path).relative_path();
  const std::string controllers = read_or_empty(folder / "cgroup.controllers");
  state.unified = !state.path.empty() && !controllers.empty();
  const auto words = split(controllers, ' ');
  state.delegated = state.unified && std::ranges::find(words, "memory") != words.end() &&
                    ::access((folder / "cgroup.subtree_control").c_str(), W_OK) == 0;
  return state;
}

std::optional<fs::path> find_blas(const fs::path& root) {
  std::vector<fs::path> candidates;
  for (const char* folder :
       {"usr/local/lib", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu",
        "lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib"}) {
    candidates.push_back(root / folder / "libblas.so.3");
  }
  for (const fs::path& candidate : candidates) {
    std::error_code error;
    const fs::path resolved = fs::canonical(candidate, error);
    if (!error) return resolved;
  }
  return std::nullopt;
}

bool is_reference_blas(const fs::path& library) {
  // Debian keeps each BLAS in a folder of its name; the reference lies in .../blas/.
  const std::string path = library.string();
  for (const char* fast : {"openblas", "atlas", "mkl", "blis", "armpl"}) {
    if (path.find(fast) != std::string::npos) return false;
  }
  return true;
}

fs::path nearest_existing(const fs::path& path) {
  std::error_code error;
  fs::path folder = fs::absolute(path, error);
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

Result<DiskState> disk_state(const fs::path& path) {
  constexpr long kNfs = 0x6969;
  constexpr long kLustre = 0x0BD00BD0;
  const fs::path folder = nearest_existing(path);
  struct statvfs space {};
  struct statfs kind {};
  if (::statvfs(folder.c_str(), &space) != 0 || ::statfs(folder.c_str(), &kind) != 0) {
    return io_error("inspect the file system of", folder, errno);
  }
  DiskState state;
  state.free_bytes = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  state.kind = kind.f_type == kNfs ? "nfs" : kind.f_type == kLustre ? "lustre" : "local";
  return state;
}

}  // namespace cairn
