#include "core/host/fingerprint.h"

#include <sys/utsname.h>

#include <array>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "core/base/files.h"
#include "core/base/text.h"

namespace cairn::host {
namespace {

// Libraries whose version can change a result.
constexpr std::array<std::string_view, 12> kPrefixes = {
    "libc.so", "libm.so", "libstdc++", "libtorch", "libopenblas", "libblas",
    "libmkl",  "libdnnl", "libgomp",   "libomp",   "libcuda",     "libcublas"};

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name") || line.starts_with("CPU part"))
      return std::string(trim(std::string_view(line).substr(line.find(':') + 1)));
  return "unknown";
}

json::array libraries() {
  std::set<std::string> names;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto slash = line.find('/');
    if (slash == std::string::npos) continue;
    std::error_code error;
    // The file behind the link carries the version: libopenblasp-r0.3.21.so.
    const fs::path path = fs::canonical(line.substr(slash), error);
    if (error) continue;
    const std::string name = path.filename();
    for (const auto prefix : kPrefixes)
      if (name.starts_with(prefix)) names.insert(name);
  }
  return json::array(names.begin(), names.end());
}

}  // namespace

json::object fingerprint(int threads) {
  utsname system{};
  ::uname(&system);
  return {{"cpu", cpu_model()},
          {"cores", std::thread::hardware_concurrency()},
          {"threads", threads},
          {"kernel", system.release},
          {"libraries", libraries()}};
}

std::string Fingerprints::news(const std::string& run, std::size_t plugins, int threads) {
  std::string& text = known_[Kind(plugins, threads)];
  if (text.empty()) text = json::serialize(fingerprint(threads));
  if (run == run_ && text == last_) return {};
  run_ = run;
  last_ = text;
  return text;
}

}  // namespace cairn::host
