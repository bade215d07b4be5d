// bench_rollouts: what it costs to look at a million rollouts, and at one of 60,000 tokens. No
// test: it prints numbers of this machine. `bench_rollouts --help` tells its options.
#include <sys/resource.h>

#include <charconv>
#include <chrono>
#include <functional>
#include <iostream>

#include "core/base/clock.h"
#include "core/server/reading/rollouts/rollouts.h"
#include "tests/unit/rollouts/made_rollouts.h"

namespace cairn::testing {
namespace {

using reading::RolloutFilter;
using reading::RolloutPage;
using reading::Rollouts;
using reading::RolloutSort;

constexpr std::uint32_t kGroup = 8;
constexpr std::uint32_t kBatch = 128;
constexpr std::uint32_t kLongTokens = 60'000;

void make(const fs::path& folder, std::uint64_t count) {
  RolloutFiles files(folder, "");
  for (std::uint64_t i = 0; i < count; ++i) {
    MadeRollout made;
    made.step = static_cast<std::int64_t>(i / (kGroup * kBatch)) + 1;
    made.sample = static_cast<std::uint32_t>(i / kGroup * 2654435761U >> 8) % 4;
    made.index = static_cast<std::uint32_t>(i % kGroup);
    made.reward = static_cast<double>(i * 7919 % 1000) / 1000;
    made.advantage = static_cast<double>(i * 104729 % 4001) / 1000 - 2;
    made.entropy = static_cast<double>(i * 15485863 % 997) / 1000;
    made.tokens = static_cast<std::uint32_t>(i * 31 % 4096);
    made.truncated = i % 50 == 0;
    made.response = "Rollout " + std::to_string(i) + " thinks about it. The answer is " +
                    std::to_string(i % 97);
    made.answer = std::to_string(i % 97);
    files.add(made);
  }
  MadeRollout last;
  last.step = static_cast<std::int64_t>(count / (kGroup * kBatch)) + 2;
  last.tokens = kLongTokens;
  std::vector<std::string> pieces;
  last.response.clear();
  for (std::uint32_t i = 0; i < kLongTokens; ++i) {
    pieces.push_back(" w" + std::to_string(i % 1000));
    last.response += pieces.back();
  }
  last.response += " haystack";
  last.token_data = made_tokens(pieces);
  files.add(last);
}

// The best of some tries, and the first.
void time(const std::string& what, const std::function<Result<json::object>()>& call) {
  double first = 0;
  double best = 0;
  std::size_t bytes = 0;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = call();
    const double took =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    if (!answer.ok()) {
      std::cout << what << ": " << answer.error().to_string() << "\n";
      return;
    }
    bytes = json::serialize(*answer).size();
    first = i == 0 ? took : first;
    best = i == 0 ? took : std::min(best, took);
  }
  std::cout << what << ": first " << first << " ms, best of 5 " << best << " ms, " << bytes
            << " bytes of JSON\n";
}

long peak_kib() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

void look(const fs::path& folder, std::uint64_t count) {
  const long before = peak_kib();
  std::shared_ptr<reading::RolloutSource> source;
  time("open", [&]() -> Result<json::object> {
    CAIRN_ASSIGN(source, reading::RolloutSource::open_artifact(folder));
    return json::object();
  });
  const Rollouts view = source->view().value();
  const auto page = [&](const std::string& what, const RolloutPage& wanted) {
    time("page of 100, " + what, [&] { return rollout_page(view, wanted); });
  };
  page("first", {});
  page("last steps first", {.descending = true});
  page("by reward, best first", {.sort = RolloutSort::kReward, .descending = true});
  page("by tokens", {.sort = RolloutSort::kTokens});
  RolloutFilter filter;
  filter.task = "multihop";
  filter.reward_min = 0.9;
  filter.truncated = true;
  page("filtered, by entropy", {.filter = filter, .sort = RolloutSort::kEntropy});
  filter.step_min = 100;
  filter.step_max = 110;
  page("of ten steps, by advantage", {.filter = filter, .sort = RolloutSort::kAdvantage});
  time("steps", [&] { return rollout_steps(view); });
  time("group", [&] { return rollout_group(view, 5, "multihop-1"); });
  time("sample across steps", [&] { return rollout_sample(view, "reading-1"); });
  time("60,000 tokens, all of them",
       [&] { return rollout_body(view, {.row = count, .token_limit = kLongTokens}); });
  time("60,000 tokens, 4,096 of them",
       [&] { return rollout_body(view, {.row = count, .token_from = 30'000}); });
  reading::RolloutSearch search{.text = "haystack"};
  std::size_t calls = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (;; ++calls) {
    const auto answer = rollout_search(view, search, system_clock());
    if (!answer.ok() || answer->at("next_cursor").is_null()) break;
    search.cursor = answer->at("next_cursor").as_string();
  }
  std::cout
      << "search of all bodies: "
      << std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count()
      << " ms in " << calls + 1 << " calls\n";
  search = {.text = "Rollout 77777 "};
  time("search, first call", [&] { return rollout_search(view, search, system_clock()); });
  fs::remove(folder / kRolloutColumns);
  std::cout << "peak memory: " << (peak_kib() - before) / 1024 << " MiB over the start\n";
  time("open without columns", [&]() -> Result<json::object> {
    CAIRN_TRY(reading::RolloutSource::open_artifact(folder));
    return json::object();
  });
}

int run(int argc, char** argv) {
  std::uint64_t count = 1'000'000;
  if (argc > 1) {
    const std::string_view text = argv[1];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count == 0) {
      std::cout << "bench_rollouts [ROLLOUTS]   1000000 unless said; takes 400 bytes of the folder "
                   "for temporary files for each\n";
      return text == "--help" ? 0 : 2;
    }
  }
  const fs::path folder = make_private_folder(fs::temp_directory_path(), "cairn-rollouts-").value();
  make(folder, count);
  look(folder, count);
  fs::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace cairn::testing

int main(int argc, char** argv) {
  return cairn::testing::run(argc, argv);
}
