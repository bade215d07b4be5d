#include "core/host/memory_watch.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

namespace cairn::host {

MemoryWatch::MemoryWatch() : statm_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}

// Pages: of the address space, resident, and resident ones of files and shared memory.
std::uint64_t MemoryWatch::taken() const {
  std::array<char, 128> text;
  const ssize_t got = ::pread(statm_.get(), text.data(), text.size(), 0);
  if (got <= 0) return 0;
  std::array<std::uint64_t, 3> pages{};
  const char* at = text.data();
  const char* const end = text.data() + got;
  for (std::uint64_t& count : pages) {
    while (at < end && *at == ' ') ++at;
    const auto [rest, error] = std::from_chars(at, end, count);
    if (error != std::errc()) return 0;
    at = rest;
  }
  if (pages[1] < pages[2]) return 0;
  return (pages[1] - pages[2]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace cairn::host
