#include "tests/bench/model_generate.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>

#include "core/base/random.h"
#include "plugins/lib/model/compat.h"
#include "plugins/lib/model/generate.h"
#include "tests/bench/model_shape.h"
#include "tests/bench/peer.h"

namespace cairn::bench {
namespace {

using namespace model;

constexpr const char* kSkipped = "skipped: no Python with transformers";

// What is generated in one call.
struct Work {
  std::int64_t prompt, samples, tokens;
};
constexpr Work kFirst{16, 1, 1};
constexpr Work kSingle{16, 1, 33};
constexpr Work kGroupFirst{512, 16, 1};
constexpr Work kGroup{512, 16, 65};

ModelConfig shape() {
  return smollm2_shape(Architecture::kQwen3);
}

double seconds(const std::function<void()>& work) {
  const double begin = now_seconds();
  work();
  return now_seconds() - begin;
}

std::string text_of(const char* format, double a, double b = 0) {
  char text[160];
  std::snprintf(text, sizeof text, format, a, b);
  return text;
}

// Every byte of the weights once, with all threads.
double read_weights(const CausalLm& model) {
  return seconds([&] {
    for (const auto& [name, tensor] : model.parameters()) {
      const auto* words = static_cast<const std::uint64_t*>(tensor.data_ptr());
      at::parallel_for(0, tensor.numel() / 2, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
        std::uint64_t sums[8] = {};
        for (std::int64_t i = begin; i + 8 <= end; i += 8) {
          for (int lane = 0; lane < 8; ++lane) sums[lane] ^= words[i + lane];
        }
        std::uint64_t all = 0;
        for (const std::uint64_t sum : sums) all ^= sum;
        asm volatile("" : : "r"(all));  // or the loop is left out
      });
    }
  });
}

class Generate {
 public:
  explicit Generate(const GenerateOptions& options)
      : options_(options), model_(CausalLm::init(shape(), 1).value()) {
    if (options.python.empty()) return;
    peer_.emplace(std::vector<std::string>{options.python, CAIRN_PEERS "/generate.py",
                                           std::to_string(options.threads)});
    const auto ready = peer_->ask(json::object{{"shape", peer_shape(shape())}});
    if (ready) {
      peer_name_ = std::string(ready->at("ready").as_string());
    } else {
      peer_.reset();
    }
  }

  void measure(Report& report) {
    (void)ours(kSingle);  // the first calls allocate
    (void)theirs(kSingle);
    for (int round = 0; round < options_.rounds; ++round) single_round();
    single_rows(report);
    for (int round = 0; round < options_.rounds; ++round) group_round();
    group_rows(report);
    round_weights();
    (void)ours(kSingle);
    for (int round = 0; round < options_.rounds; ++round) {
      const double first = ours(kFirst);
      rounds_.halves.push_back(step(ours(kSingle), first, kSingle));
    }
    halves_row(report);
  }

 private:
  struct Rounds {
    std::vector<double> read, single, group, invariant, group_step, halves;
    std::vector<double> peer_single, peer_group, peer_group_step;
  };

  double ours(const Work& work, bool invariant = false) {
    Request request;
    RandomStream random(2, "prompt");
    for (std::int64_t i = 0; i < work.prompt; ++i) {
      request.prompt.push_back(static_cast<std::int64_t>(random.below(49152)));
    }
    for (std::int64_t i = 0; i < work.samples; ++i) {
      request.seeds.push_back(derive_seed(1, "sample", {static_cast<std::uint64_t>(i)}));
    }
    request.sampling.max_new_tokens = work.tokens;
    EngineOptions options;
    options.batch_invariant = invariant;
    return seconds([&] { counts_ = generate(model_, {request}, options).value().counts; });
  }

  std::optional<double> theirs(const Work& work) {
    if (!peer_) return std::nullopt;
    const auto answer = peer_->ask(
        json::object{{"prompt", work.prompt}, {"samples", work.samples}, {"tokens", work.tokens}});
    if (!answer) return std::nullopt;
    return answer->at("seconds").to_number<double>();
  }

  // Seconds of one more token: a call less one that ends at its first token.
  static double step(double all, double first, const Work& work) {
    return (all - first) / static_cast<double>(work.tokens - 1);
  }

  void single_round() {
    rounds_.read.push_back(read_weights(model_));
    const double first = ours(kFirst), single = ours(kSingle);
    rounds_.single.push_back(step(single, first, kSingle));
    const auto peer_first = theirs(kFirst), peer_single = theirs(kSingle);
    if (peer_first && peer_single) {
      rounds_.peer_single.push_back(step(*peer_single, *peer_first, kSingle));
    }
  }

  void group_round() {
    const double group_first = ours(kGroupFirst), group = ours(kGroup);
    rounds_.group.push_back(group);
    rounds_.group_step.push_back(step(group, group_first, kGroup));
    const auto peer_group_first = theirs(kGroupFirst), peer_group = theirs(kGroup);
    if (peer_group_first && peer_group) {
      rounds_.peer_group.push_back(*peer_group);
      rounds_.peer_group_step.push_back(step(*peer_group, *peer_group_first, kGroup));
    }
    rounds_.invariant.push_back(ours(kGroup, true));
  }

  static double ratio(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) ratios.push_back(a[i] / b[i]);
    return median(ratios);
  }

  void versus(Report& report, const std::string& what, const std::vector<double>& peer,
              const std::vector<double>& mine, const std::string& goal) const {
    if (peer.empty()) {
      report.add({what + ", times transformers", 0, "x", goal, kSkipped});
      return;
    }
    report.add({what + ", times transformers", ratio(peer, mine), "x", goal,
                text_of("%.3f s to %.3f s; ", median(peer), median(mine)) + peer_name_});
  }

  void single_rows(Report& report) const {
    const double bytes = 4.0 * static_cast<double>(model_.parameter_count());
    report.add({"weights read once from memory", median(rounds_.read) * 1e3, "ms", "",
                text_of("%.1f GB/s", bytes / median(rounds_.read) / 1e9)});
    report.add({"a token at batch 1, times that reading", ratio(rounds_.single, rounds_.read), "x",
                "<= 1.5", text_of("%.1f ms", median(rounds_.single) * 1e3)});
    versus(report, "a token at batch 1", rounds_.peer_single, rounds_.single, ">= 1.5");
  }

  // To what a checkpoint in bfloat16 holds.
  void round_weights() {
    const at::NoGradGuard no_grad;
    for (const auto& [name, tensor] : model_.parameters()) {
      tensor.copy_(tensor.to(at::kBFloat16).to(at::kFloat));
    }
  }

  void halves_row(Report& report) const {
    report.add({"a token at batch 1, weights of a bfloat16 checkpoint",
                median(rounds_.halves) / median(rounds_.single), "x", "",
                text_of("%.1f ms to %.1f ms, the same bits", median(rounds_.single) * 1e3,
                        median(rounds_.halves) * 1e3)});
  }

  void group_rows(Report& report) {
    versus(report, "16 samples of a prompt of 512, 65 tokens each", rounds_.peer_group,
           rounds_.group, ">= 3");
    versus(report, "  a step of the 16 alone", rounds_.peer_group_step, rounds_.group_step, "");
    (void)ours(kGroup);
    report.add({"  prompt tokens through the model", static_cast<double>(counts_.prompt_tokens),
                "tokens", "= 512",
                text_of("8192 without sharing; %.0f generated ones",
                        static_cast<double>(counts_.generated_tokens))});
    report.add({"  the same with batch_invariant, times as long",
                ratio(rounds_.invariant, rounds_.group), "x", "", ""});
  }

  const GenerateOptions& options_;
  CausalLm model_;
  std::optional<Peer> peer_;
  std::string peer_name_;
  Rounds rounds_;
  TokenCounts counts_;
};

}  // namespace

void measure_model_generate(Report& report, const GenerateOptions& options) {
  fix_threads(options.threads);
  Generate(options).measure(report);
}

}  // namespace cairn::bench
