// The simulation bites: every deliberate fault of CMakeLists.txt is found within a few thousand
// seeds.
#include <gtest/gtest.h>

#include <cstdio>

#include "core/base/subprocess.h"
#include "core/base/text.h"

namespace cairn {
namespace {

TEST(Mutations, EachIsFoundByTheSimulation) {
  std::printf("%-24s %-9s %s\n", "fault", "found", "by");
  for (const std::string_view name : split(CAIRN_MUTATIONS, ' ')) {
    ProcessSpec spec;
    spec.argv = {std::string(CAIRN_PROGRAMS) + "/engine_mutation_" + std::string(name), "--seeds",
                 "4000"};
    spec.environment = current_environment();
    std::string out;
    ProcessHooks hooks;
    hooks.output = [&](bool is_error, std::string_view bytes) {
      if (!is_error) out += bytes;
    };
    const auto end = run_process(spec, hooks);
    ASSERT_TRUE(end.ok()) << end.error().to_string();
    const std::string first = out.substr(0, out.find('\n'));
    EXPECT_EQ(end->exit_code, 1) << name << " was not found";
    EXPECT_TRUE(first.starts_with("seed ")) << name << ": " << out;
    const std::size_t colon = first.find(": ");
    std::printf("%-24s %-9s %.90s\n", std::string(name).c_str(), first.substr(0, colon).c_str(),
                colon == std::string::npos ? "" : first.substr(colon + 2).c_str());
  }
}

}  // namespace
}  // namespace cairn
