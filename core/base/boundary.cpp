#include "core/base/boundary.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::array<std::string_view, kBoundaries> kNames = {
    "store.open",       "store.append",      "store.continue",     "store.background",
    "store.close",      "store.copy",        "backup.make",        "backup.restore",
    "artifact.publish", "artifact.remember", "artifact.set_aside", "artifact.remove",
    "artifact.clean",   "attempt.prepare",   "attempt.report",     "attempt.checkpoint",
    "attempt.log",      "attempt.clean",     "spool.append",       "spool.trim",
    "run.folder",       "engine.socket",     "plugin.manifest",    "artifact.export",
};

struct Counters {
  std::array<std::atomic<std::uint64_t>, kBoundaries> passings{};
  std::array<std::atomic<std::uint64_t>, kBoundaries> changes{};
  std::atomic<std::uint64_t> outside = 0;
  std::mutex mutex;
  std::string first_outside;
};

Counters& counters() {
  static Counters all;
  return all;
}

thread_local std::optional<Boundary> current_boundary;

// Read at every passing, so no lock. `boundary` is set last.
struct Planned {
  std::atomic<std::uint64_t> passing = 0;
  std::atomic<bool> after = false;
  std::atomic<int> boundary = -1;  // -1: none

  // A wrong value ends the process: a test that kills nothing must not look like one that passed.
  Planned() {
    const char* text = std::getenv("CAIRN_DIE_AT");
    if (text == nullptr || *text == '\0') return;
    const Result<Death> death = parse_death(text);
    if (!death.ok()) {
      std::fprintf(stderr, "cairn: CAIRN_DIE_AT: %s\n", death.error().to_string().c_str());
      std::abort();
    }
    set(*death);
  }
  void set(const Death& death) {
    passing = death.passing;
    after = death.after;
    boundary = static_cast<int>(death.boundary);
  }
};

Planned& planned() {
  static Planned death;
  return death;
}

// Where passings are told; -1: nowhere.
int log_file() {
  static const int file = [] {
    const char* path = std::getenv("CAIRN_BOUNDARY_LOG");
    if (path == nullptr || *path == '\0') return -1;
    return ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  }();
  return file;
}

// Where log_file() is one.
void tell(const std::string& what) {
  const std::string line = std::to_string(::getpid()) + " " + what + "\n";
  if (::write(log_file(), line.data(), line.size()) < 0) std::abort();
}

bool may_die() {
  const char* token = std::getenv("CAIRN_DIE_ONCE");
  return token == nullptr || ::unlink(token) == 0;
}

void die_if_due(Boundary boundary, std::uint64_t passing, bool after) {
  const Planned& death = planned();
  if (death.boundary != static_cast<int>(boundary)) return;
  if (death.passing != passing || death.after != after || !may_die()) return;
  static_cast<void>(std::raise(SIGKILL));
}

}  // namespace

std::string_view to_string(Boundary boundary) {
  return kNames[static_cast<std::size_t>(boundary)];
}

std::optional<Boundary> boundary_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Boundary>(i);
  }
  return std::nullopt;
}

PersistenceBoundary::PersistenceBoundary(Boundary boundary)
    : boundary_(boundary),
      outer_(current_boundary),
      passing_(++counters().passings[static_cast<std::size_t>(boundary)]) {
  current_boundary = boundary;
  if (log_file() >= 0) tell(std::string(to_string(boundary)));
  die_if_due(boundary_, passing_, /*after=*/false);
}

PersistenceBoundary::~PersistenceBoundary() {
  die_if_due(boundary_, passing_, /*after=*/true);
  current_boundary = outer_;
}

std::optional<Boundary> PersistenceBoundary::current() {
  return current_boundary;
}

void note_change(std::string_view what, std::string_view path) {
  Counters& all = counters();
  if (current_boundary) {
    ++all.changes[static_cast<std::size_t>(*current_boundary)];
    return;
  }
  if (log_file() >= 0) tell("outside " + std::string(what) + " " + std::string(path));
  if (all.outside++ > 0) return;
  const std::lock_guard guard(all.mutex);
  all.first_outside = std::string(what) + " " + std::string(path);
}

BoundaryCounts boundary_counts() {
  Counters& all = counters();
  BoundaryCounts counts;
  for (std::size_t i = 0; i < kBoundaries; ++i) {
    counts.passings[i] = all.passings[i];
    counts.changes[i] = all.changes[i];
  }
  counts.changes_outside = all.outside;
  const std::lock_guard guard(all.mutex);
  counts.first_outside = all.first_outside;
  return counts;
}

void reset_boundary_counts() {
  Counters& all = counters();
  for (std::size_t i = 0; i < kBoundaries; ++i) {
    all.passings[i] = 0;
    all.changes[i] = 0;
  }
  all.outside = 0;
  const std::lock_guard guard(all.mutex);
  all.first_outside.clear();
}

void die_at(const Death& death) {
  planned().set(death);
}

Result<Death> parse_death(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  Death death;
  if (parts.size() != 2 && parts.size() != 3) {
    return invalid_argument("'" + std::string(text) + "' is not NAME:N or NAME:N:before|after");
  }
  const std::optional<Boundary> boundary = boundary_named(parts[0]);
  if (!boundary) {
    const std::vector<std::string> names(kNames.begin(), kNames.end());
    const auto near = nearest_word(parts[0], names);
    return invalid_argument("there is no boundary '" + std::string(parts[0]) + "'",
                            near ? "did you mean '" + *near + "'?" : std::string());
  }
  death.boundary = *boundary;
  const char* end = parts[1].data() + parts[1].size();
  const auto [stop, error] = std::from_chars(parts[1].data(), end, death.passing);
  if (error != std::errc() || stop != end || death.passing == 0) {
    return invalid_argument("'" + std::string(parts[1]) + "' is no passing: count from 1");
  }
  if (parts.size() == 3) {
    if (parts[2] != "before" && parts[2] != "after") {
      return invalid_argument("'" + std::string(parts[2]) + "' is neither before nor after");
    }
    death.after = parts[2] == "after";
  }
  return death;
}

}  // namespace cairn
