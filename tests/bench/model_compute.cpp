#include "tests/bench/model_compute.h"

#include <malloc.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>

#include "core/base/files.h"
#include "core/base/random.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/ops.h"
#include "tests/bench/model_shape.h"
#include "tests/bench/peer.h"

namespace cairn::bench {
namespace {

using namespace model;

constexpr std::int64_t kTokens = 512;
constexpr std::int64_t kAnswerTokens = 64;
constexpr std::int64_t kLongTokens = 32 * 1024;
constexpr std::int64_t kSide = 2048;  // of the matrices that tell this machine's rate
constexpr const char* kSkipped = "skipped: no Python with transformers";

// SmolLM2-135M's.
ModelConfig shape() {
  return smollm2_shape(Architecture::kLlama);
}

// Of the matrices that every token is multiplied with; attention comes on top.
double forward_flop(const CausalLm& model, std::int64_t tokens) {
  const ModelConfig& c = model.config();
  const double weights = static_cast<double>(model.parameter_count());
  const double attention = 2.0 * static_cast<double>(tokens * c.heads * c.head_dim * c.layers);
  return static_cast<double>(tokens) * (2 * weights + attention);
}

// On the wall's clock, or the processor's for this process.
using Clock = double (*)();

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double seconds(Clock clock, const std::function<void()>& work) {
  const double begin = clock();
  work();
  return clock() - begin;
}

std::string beside(const char* format, double a, double b = 0) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), format, a, b);
  return text.data();
}

std::int64_t status_bytes(const std::string& key) {
  std::ifstream file("/proc/self/status");
  std::string name;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) return std::stoll(line.substr(key.size() + 1)) * 1024;
  }
  return 0;
}

// What the process held at the most during work, beyond what it held before.
double peak_megabytes(const std::function<void()>& work) {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts anew
  const std::int64_t before = status_bytes("VmRSS");
  work();
  return static_cast<double>(status_bytes("VmHWM") - before) / 1e6;
}

PackedBatch batch_of(std::int64_t tokens, std::int64_t predicted, std::int64_t vocab) {
  RandomStream random(1, "bench");
  PackedBatch batch;
  for (std::int64_t i = 0; i < tokens; ++i) {
    batch.tokens.push_back(
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(vocab))));
  }
  batch.segments = {{0, tokens, -1}};
  for (std::int64_t i = tokens - predicted; i < tokens; ++i) batch.predictions.push_back({i, 7});
  return batch;
}

// Seconds of each round, ours and the peer's one after another.
struct Rounds {
  std::vector<double> sgemm, prefill, train, last, answers, narrow, peer_sgemm, peer_prefill,
      peer_train;
};

class Compute {
 public:
  explicit Compute(const ComputeOptions& options)
      : options_(options), config_(shape()), model_(CausalLm::init(config_, 1).value()) {
    if (options.python.empty()) return;
    peer_.emplace(std::vector<std::string>{
        options.python, CAIRN_SOURCE_DIR "/tests/bench/peers/compute.py",
        std::to_string(options.threads), options.processor_time ? "processor" : "wall"});
    const auto ready =
        peer_->ask(json::object{{"shape", peer_shape(config_)}, {"tokens", kTokens}});
    if (ready) {
      peer_name_ = std::string(ready->at("ready").as_string());
    } else {
      peer_.reset();
    }
  }

  void measure(Report& report) {
    one_round(nullptr);
    Rounds rounds;
    for (int i = 0; i < options_.rounds; ++i) one_round(&rounds);
    report_speed(report, rounds);
  }

 private:
  void ask_peer(const char* what, std::vector<double>* to) {
    if (!peer_) return;
    const auto answer = peer_->ask(what);
    if (answer && to != nullptr) to->push_back(answer->at("seconds").to_number<double>());
  }

  double train(const PackedBatch& batch) {
    model_.require_grad(true);
    model_.zero_grad();
    const double took =
        seconds(clock_, [&] { (-model_.score(batch).value().logprob.mean()).backward(); });
    model_.require_grad(false);
    return took;
  }

  void one_round(Rounds* rounds) {
    const auto note = [&](std::vector<double> Rounds::*where, double took) {
      if (rounds != nullptr) (rounds->*where).push_back(took);
    };
    const auto to = [&](std::vector<double> Rounds::*where) {
      return rounds == nullptr ? nullptr : &(rounds->*where);
    };
    const PackedBatch all = batch_of(kTokens, kTokens, config_.vocab_size);
    const PackedBatch last = batch_of(kTokens, 1, config_.vocab_size);
    const PackedBatch answers = batch_of(kTokens, kAnswerTokens, config_.vocab_size);
    const at::Tensor a = at::rand({kSide, kSide}), b = at::rand({kSide, kSide});
    note(&Rounds::sgemm, seconds(clock_, [&] { (void)at::mm(a, b); }));
    ask_peer("sgemm", to(&Rounds::peer_sgemm));
    {
      const at::NoGradGuard no_grad;
      note(&Rounds::prefill, seconds(clock_, [&] { (void)model_.logits(all); }));
      ask_peer("prefill", to(&Rounds::peer_prefill));
      note(&Rounds::last, seconds(clock_, [&] { (void)model_.score(last).value(); }));
    }
    note(&Rounds::train, train(all));
    ask_peer("train", to(&Rounds::peer_train));
    note(&Rounds::answers, train(answers));
  }

  void report_speed(Report& report, const Rounds& rounds) const {
    const double flop = forward_flop(model_, kTokens);
    const double rate = 2.0 * kSide * kSide * kSide / median(rounds.sgemm);
    report.add({"sgemm 2048, float32", rate / 1e9, "GFLOP/s", "",
                peer_ ? beside("%.0f of the peer's torch",
                               2e-9 * kSide * kSide * kSide / median(rounds.peer_sgemm))
                      : kSkipped});
    const auto share = [&](const std::string& what, double work, const std::vector<double>& took) {
      report.add({what + ", share of sgemm", work / median(took) / rate, "", ">= 0.75",
                  beside("%.0f tokens/s", static_cast<double>(kTokens) / median(took))});
    };
    const auto versus = [&](const std::string& what, const std::vector<double>& ours,
                            const std::vector<double>& theirs, const std::string& goal) {
      if (theirs.empty()) {
        report.add({what + ", times transformers", 0, "x", goal, kSkipped});
        return;
      }
      std::vector<double> ratios;
      for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
        ratios.push_back(theirs[i] / ours[i]);
      }
      report.add({what + ", times transformers", median(ratios), "x", goal,
                  beside("%.0f tokens/s of ", static_cast<double>(kTokens) / median(theirs)) +
                      peer_name_});
    };
    share("prefill of 512, all logits", flop, rounds.prefill);
    versus("prefill of 512, all logits", rounds.prefill, rounds.peer_prefill, ">= 1.0");
    share("forward+backward of 512, all tokens", 3 * flop, rounds.train);
    versus("forward+backward of 512, all tokens", rounds.train, rounds.peer_train, ">= 1.0");
    versus("prefill of 512, last logit only", rounds.last, rounds.peer_prefill, ">= 1.3");
    versus("forward+backward of 512, 64 answer tokens", rounds.answers, rounds.peer_train,
           ">= 1.3");
  }

  const ComputeOptions& options_;
  Clock clock_ = options_.processor_time ? &processor_seconds : &now_seconds;
  ModelConfig config_;
  CausalLm model_;
  std::optional<Peer> peer_;
  std::string peer_name_;
};

// The same products, and the same model, in bfloat16.
void measure_narrow(Report& report, const ComputeOptions& options) {
  const Clock clock = options.processor_time ? &processor_seconds : &now_seconds;
  const auto times_float = [&](const std::string& what, const std::function<void()>& wide,
                               const std::function<void()>& narrow) {
    std::vector<double> ratios;
    for (int i = 0; i <= options.rounds; ++i) {
      const double in_float = seconds(clock, wide), in_bfloat = seconds(clock, narrow);
      if (i > 0) ratios.push_back(in_float / in_bfloat);
    }
    report.add({"bfloat16 against float32, " + what, median(ratios), "x", "", "faster above 1"});
  };
  const at::Tensor wide = at::rand({kTokens, 576}) - 0.5, weight = at::rand({1536, 576}) - 0.5;
  const at::Tensor narrow = wide.to(at::kBFloat16), narrow_weight = weight.to(at::kBFloat16);
  const auto many = [](const at::Tensor& x, const at::Tensor& w) {
    return [&x, &w] {
      for (int n = 0; n < 20; ++n) (void)at::mm(x, w.t());
    };
  };
  times_float("products of 512 x 576 x 1536", many(wide, weight), many(narrow, narrow_weight));

  CausalLm in_float = CausalLm::init(shape(), 1).value();
  const fs::path folder = make_private_folder(fs::temp_directory_path(), "bench-compute-").value();
  CausalLm in_bfloat = [&] {
    const fs::path tokenizer = fs::path(CAIRN_SOURCE_DIR) / "tests/data/tokenizer";
    if (const auto saved = save_model(in_float, folder / "m", Dtype::kBf16, tokenizer); !saved) {
      std::fprintf(stderr, "%s\n", saved.error().message.c_str());
    }
    return CausalLm::load(folder / "m", at::kBFloat16).value();
  }();
  fs::remove_all(folder);
  const PackedBatch last = batch_of(kTokens, 1, shape().vocab_size);
  const PackedBatch answers = batch_of(kTokens, kAnswerTokens, shape().vocab_size);
  const auto prefill = [&](const CausalLm& model) {
    return [&] {
      const at::NoGradGuard no_grad;
      (void)model.score(last);
    };
  };
  const auto train = [&](CausalLm& model) {
    return [&] {
      model.require_grad(true);
      model.zero_grad();
      (-model.score(answers).value().logprob.mean()).backward();
      model.require_grad(false);
    };
  };
  times_float("prefill of 512, last logit only", prefill(in_float), prefill(in_bfloat));
  times_float("forward+backward of 512, 64 answer tokens", train(in_float), train(in_bfloat));
}

// A long sequence's scores: from its hidden states on, where logits would be the largest tensor.
void measure_long_scores(Report& report) {
  const ModelConfig config = shape();
  at::Tensor hidden = at::randn({kLongTokens, config.hidden_size});
  at::Tensor head = at::randn({config.vocab_size, config.hidden_size}) * 0.02;
  const at::Tensor targets = at::randint(config.vocab_size, {kLongTokens}, at::kLong);
  const double whole =
      static_cast<double>(kLongTokens) * static_cast<double>(config.vocab_size) * 4e-6;
  double took = 0;
  {
    const at::NoGradGuard no_grad;
    const double peak = peak_megabytes([&] {
      took = seconds(&now_seconds, [&] { (void)score_tokens(hidden, head, targets, 1.0); });
    });
    report.add({"log-probabilities and entropy of 32K tokens, memory", peak, "MB", "< 200",
                beside("%.0f s; all logits would be %.0f MB", took, whole)});
  }
  hidden.set_requires_grad(true);
  head.set_requires_grad(true);
  const double gradients = static_cast<double>(hidden.nbytes() + head.nbytes()) / 1e6;
  const double peak = peak_megabytes([&] {
    took = seconds(&now_seconds,
                   [&] { score_tokens(hidden, head, targets, 1.0)[0].mean().backward(); });
  });
  report.add({"  the same with the backward pass, beside gradients", peak - gradients, "MB",
              "< 200", beside("%.0f s; the gradients are %.0f MB", took, gradients)});
}

}  // namespace

void measure_model_compute(Report& report, const ComputeOptions& options) {
  fix_threads(options.threads);
  {
    Compute compute(options);
    compute.measure(report);
  }
  measure_narrow(report, options);
  measure_long_scores(report);
}

}  // namespace cairn::bench
