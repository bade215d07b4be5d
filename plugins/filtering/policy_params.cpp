#include "plugins/filtering/policy_params.h"

namespace cairn::filtering {

PolicyParams::PolicyParams(Stage* stage)
    : max_input_tokens_(stage, "max_input_tokens", Tokens{20000},
                        "With policy: records with a longer prompt are dropped", AtLeast{1}),
      max_output_tokens_(stage, "max_output_tokens", Tokens{12000},
                         "With policy: responses are cut here and scored as they stand",
                         AtLeast{1}),
      batch_tokens_(stage, "batch_tokens", Tokens{65536},
                    "With policy: tokens of prompts and responses held at once; also how much a "
                    "killed stage repeats",
                    AtLeast{1}),
      temperature_(stage, "temperature", 0.7, "With policy: sampling temperature",
                   Range{0.01, 10.0}),
      top_p_(stage, "top_p", 0.95, "With policy: probability mass that sampling draws from",
             Range{0.01, 1.0}),
      thinks_(stage, "thinks", false,
              "With policy: the model thinks: grade what follows the last </think>"),
      pass_reward_(stage, "pass_reward", 1.0,
                   "With policy: the reward from which a response is right (dialogue answers earn "
                   "parts of 1)",
                   Range{0.01, 1.0}),
      max_scored_(stage, "max_scored", 0,
                  "With policy: records asked about at most, drawn evenly over the tasks; 0: all",
                  AtLeast{0}),
      grounding_samples_(stage, "grounding_samples", 4,
                         "With policy: responses without documents; 0: no grounding", AtLeast{0}),
      grounding_limit_(stage, "grounding_limit", 0.0,
                       "With policy: share of right responses without documents above which a "
                       "record is dropped; multiple choice adds the chance of a guess",
                       Range{0.0, 1.0}),
      samples_(stage, "samples", 8, "With policy: responses per record (n of pass@k)", AtLeast{1}),
      pass_k_(stage, "pass_k", 1, "With policy: k of pass@k, written as pass_rate", AtLeast{1}),
      robustness_documents_(stage, "robustness_documents", 3,
                            "With policy: irrelevant documents among which a record must still be "
                            "answered once; 0: not tested",
                            AtLeast{0}),
      keep_between_(stage, "keep_between", {0.01, 0.99},
                    "With policy: lowest and highest pass rate that stays", Range{0.0, 1.0}),
      bins_(stage, "bins", 5, "With policy: equal parts of the pass rate to draw from",
            Range{1, 100}),
      items_per_task_(stage, "items_per_task", 0,
                      "With policy: records of each task, drawn evenly from its bins; 0: all",
                      AtLeast{0}),
      bin_ratio_(stage, "bin_ratio", 0.0,
                 "With policy: largest bin of a task over its smallest one: 1 makes them equal, 0 "
                 "sets no limit",
                 AtLeast{0}),
      retrospective_(stage, "retrospective", false,
                     "With policy: items_per_task takes the hardest records instead of drawing "
                     "from bins (records of earlier stages, limits of the next one)") {}

Result<PolicyOptions> PolicyParams::resolve(std::uint64_t seed) const {
  if (keep_between_->size() != 2 || (*keep_between_)[0] > (*keep_between_)[1]) {
    return invalid_argument("keep_between needs two numbers, the lower first",
                            "give the pass rates to keep, such as [0.1, 0.9]");
  }
  if (*pass_k_ > *samples_) {
    return invalid_argument("pass_k = " + std::to_string(*pass_k_) +
                                " is more than samples = " + std::to_string(*samples_),
                            "pass@k is estimated from at least k samples");
  }
  PolicyOptions options;
  options.score = {*temperature_,        *top_p_,       max_output_tokens_->count,
                   batch_tokens_->count, *pass_reward_, *thinks_};
  options.max_input_tokens = max_input_tokens_->count;
  options.max_scored = *max_scored_;
  options.grounding_samples = *grounding_samples_;
  options.grounding_limit = *grounding_limit_;
  options.samples = *samples_;
  options.pass_k = *pass_k_;
  options.robustness_documents = *robustness_documents_;
  options.difficulty = {.low = (*keep_between_)[0],
                        .high = (*keep_between_)[1],
                        .bins = static_cast<std::size_t>(*bins_),
                        .per_task = *items_per_task_,
                        .bin_ratio = *bin_ratio_,
                        .hardest_first = *retrospective_,
                        .seed = seed};
  options.seed = seed;
  return options;
}

}  // namespace cairn::filtering
