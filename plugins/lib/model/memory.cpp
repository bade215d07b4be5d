#include "plugins/lib/model/memory.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace cairn::model {
namespace {

std::optional<std::int64_t> number_in(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> first_number(const std::string& file) {
  std::string word;
  if (!(std::ifstream(file) >> word)) return std::nullopt;
  return number_in(word);  // "max" is none
}

std::optional<std::int64_t> machine_memory() {
  std::ifstream file("/proc/meminfo");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    std::int64_t kib = 0;
    if (words >> name >> kib && name == "MemAvailable:") return kib * 1024;
  }
  return std::nullopt;
}

// Of the cgroup (version 2) that this process runs in, its own limit.
std::optional<std::int64_t> cgroup_memory() {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("0::")) continue;
    const std::string folder = "/sys/fs/cgroup" + line.substr(3);
    const auto limit = first_number(folder + "/memory.max");
    const auto used = first_number(folder + "/memory.current");
    if (limit && used) return std::max<std::int64_t>(*limit - *used, 0);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> available_memory() {
  const auto machine = machine_memory();
  const auto group = cgroup_memory();
  if (machine && group) return std::min(*machine, *group);
  return machine ? machine : group;
}

std::string bytes_text(std::int64_t bytes) {
  constexpr std::array kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text.data();
}

Result<void> check_memory(std::int64_t bytes, const std::string& what, const std::string& lower) {
  const auto there = available_memory();
  if (!there || bytes <= *there) return {};
  return make_error(
      ErrorCode::kResourceExhausted,
      what + " takes " + bytes_text(bytes) + " of memory; " + bytes_text(*there) + " are there",
      lower);
}

Error out_of_memory(const std::string& doing, std::int64_t estimate, const std::string& lower) {
  const auto there = available_memory();
  return make_error(ErrorCode::kResourceExhausted,
                    "no memory for " + doing + ", which takes about " + bytes_text(estimate) +
                        (there ? "; " + bytes_text(*there) + " are there" : ""),
                    lower);
}

Error torch_error(const std::string& message, const std::string& doing, std::int64_t estimate,
                  const std::string& lower) {
  const std::string line = message.substr(0, message.find('\n'));
  if (line.find("alloc") != std::string::npos || line.find("out of memory") != std::string::npos) {
    Error error = out_of_memory(doing, estimate, lower);
    error.message += " (" + line + ")";
    return error;
  }
  return internal_error(doing + ": " + line);
}

}  // namespace cairn::model
