#include "plugins/lib/self_test/policy.h"

#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/optimizer.h"

namespace cairn::self_test {
namespace {

Result<void> teach(model::CausalLm& policy, const model::Tokenizer& tokenizer,
                   const std::vector<QaRecord>& questions) {
  std::vector<model::TokenGroup> groups;
  for (const QaRecord& one : questions) {
    model::TokenGroup group;
    CAIRN_ASSIGN(group.prompt, tokenizer.encode_prompt(text::render_prompt(one)));
    for (const char* colour : {"red", "green", "blue", "grey"})
      group.responses.push_back(
          tokenizer.encode(std::string("The answer is ") + colour + model::kImEnd));
    groups.push_back(std::move(group));
  }
  const auto batch = model::pack_groups(groups);
  model::AdamW optimizer({});
  policy.require_grad(true);
  for (int step = 0; step < 60; ++step) {
    policy.zero_grad();
    CAIRN_ASSIGN(const auto score, policy.score(batch));
    (-score.logprob.mean()).backward();
    optimizer.step(policy, 0.01);
  }
  policy.zero_grad();
  policy.require_grad(false);
  return {};
}

}  // namespace

Result<void> write_policy(const fs::path& folder, const std::vector<QaRecord>& questions) {
  const fs::path words = fs::path(folder) += ".tokenizer";
  CAIRN_ASSIGN(const auto tokenizer, write_tokenizer(words, questions));
  CAIRN_ASSIGN(auto policy, model::CausalLm::init(small_config(tokenizer), 5));
  CAIRN_TRY(teach(policy, tokenizer, questions));
  return model::save_model(policy, folder, model::Dtype::kF32, words);
}

Result<void> give_policy(SelfTest& test, const std::string& input) {
  CAIRN_TRY(write_policy(test.folder() / input, questions()));
  test.input(input, test.folder() / input);
  return {};
}

Result<void> prepare_rl(SelfTest& test) {
  CAIRN_TRY(give_policy(test, "policy"));
  CAIRN_TRY(give_questions(test, "dataset"));
  test.param("steps", 3)
      .param("batch", 4)
      .param("group_size", 4)
      .param("checkpoint_every", 1)
      .param("max_input_tokens", 256)
      .param("max_output_tokens", 12)
      .param("learning_rate", 1e-3)
      .param("temperature", 1.0)
      .param("top_p", 1.0)
      .param("aepo", false);
  return {};
}

}  // namespace cairn::self_test
