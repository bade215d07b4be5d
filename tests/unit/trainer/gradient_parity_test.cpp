// The RL loss and its gradient through a whole model against a reference (tests/data/rl_model).
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "core/base/json.h"
#include "plugins/lib/model/optimizer.h"
#include "plugins/lib/trainer/update.h"

namespace cairn::trainer {
namespace {

fs::path fixtures() {
  const char* folder = std::getenv("CAIRN_FIXTURES");
  return folder != nullptr ? folder : CAIRN_SOURCE_DIR "/tests/data";
}

std::vector<double> numbers(const json::value& value) {
  std::vector<double> result;
  for (const auto& item : value.as_array()) result.push_back(item.to_number<double>());
  return result;
}

std::vector<std::int64_t> tokens(const json::value& value) {
  std::vector<std::int64_t> result;
  for (const auto& item : value.as_array()) result.push_back(item.to_number<std::int64_t>());
  return result;
}

struct Case {
  std::vector<std::vector<Trajectory>> rollouts;
  std::vector<std::string> tasks;
  std::vector<std::vector<double>> rewards;
  std::vector<double> advantages;
  RlOptions options;
};

// The rollouts carry the reference's entropies, so that masks follow from them.
Case make_case(const json::array& groups, const json::object& test) {
  Case result;
  for (std::size_t q = 0; q < groups.size(); ++q) {
    const auto& group = groups[q].as_object();
    const auto& responses = group.at("responses").as_array();
    auto& row = result.rollouts.emplace_back();
    for (std::size_t i = 0; i < responses.size(); ++i) {
      Trajectory trajectory;
      trajectory.turns.push_back({tokens(group.at("prompt")), tokens(responses[i]),
                                  numbers(test.at("entropies").as_array()[q].as_array()[i])});
      row.push_back(std::move(trajectory));
    }
    result.tasks.push_back("reading");
    result.rewards.push_back(numbers(group.at("rewards")));
    for (double advantage : numbers(group.at("advantages"))) result.advantages.push_back(advantage);
  }
  result.options.advantage = rl::AdvantageMode::kGroup;
  result.options.temperature = test.at("temperature").to_number<double>();
  if (!test.at("tau_token").is_null()) {
    result.options.mask.emplace();
    result.options.mask->tau = test.at("tau_token").to_number<double>();
  }
  return result;
}

void check_scores(const model::CausalLm& policy, const Case& data, const json::object& test) {
  std::vector<model::TokenGroup> groups;
  for (const auto& row : data.rollouts) {
    auto& group = groups.emplace_back();
    group.prompt = row[0].turns[0].prompt;
    for (const auto& trajectory : row) group.responses.push_back(trajectory.turns[0].tokens);
  }
  const at::NoGradGuard no_gradient;
  const auto scores =
      policy.score(model::pack_groups(groups), {.temperature = data.options.temperature}).value();
  std::int64_t at = 0;
  for (const auto& group : test.at("logprobs").as_array())
    for (const auto& response : group.as_array())
      for (double expected : numbers(response))
        EXPECT_NEAR(scores.logprob[at++].item<double>(), expected, 5e-5);
  EXPECT_EQ(at, scores.logprob.size(0));
  at = 0;
  for (const auto& row : data.rollouts)
    for (const auto& trajectory : row)
      for (double expected : trajectory.turns[0].entropies)
        EXPECT_NEAR(scores.entropy[at++].item<double>(), expected, 5e-5);
}

void check_gradients(const model::CausalLm& policy, const std::string& name) {
  const auto file = model::SafetensorsFile::open(fixtures() / "rl_model" / "grads.safetensors");
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  std::size_t compared = 0;
  for (const auto& [parameter, tensor] : policy.parameters()) {
    const auto* view = file->find(name + ".grad." + parameter);
    ASSERT_NE(view, nullptr) << parameter;
    auto values = model::to_f32(*view).value();
    const auto expected = torch::from_blob(values.data(), tensor.sizes(), torch::kFloat);
    ASSERT_TRUE(tensor.grad().defined()) << parameter;
    const double largest = expected.abs().max().item<double>();
    EXPECT_LE((tensor.grad() - expected).abs().max().item<double>(), 1e-6 + 1e-4 * largest)
        << parameter;
    ++compared;
  }
  EXPECT_GT(compared, 0U);
}

TEST(RlModelFixtures, LossAndGradient) {
  const fs::path folder = fixtures() / "rl_model";
  const auto text = real_file_system().read(folder / "cases.json");
  ASSERT_TRUE(text.ok()) << text.error().to_string();
  const auto root = parse_json_object(text.value()).value();
  auto policy =
      model::CausalLm::load(folder / std::string(root.at("checkpoint").as_string())).value();
  ASSERT_EQ(root.at("cases").as_array().size(), 2U);
  for (const auto& value : root.at("cases").as_array()) {
    const auto& test = value.as_object();
    const std::string name(test.at("name").as_string());
    SCOPED_TRACE(name);
    Case data = make_case(root.at("groups").as_array(), test);
    check_scores(policy, data, test);

    const auto plan = plan_update(data.rollouts, data.tasks, data.rewards, data.options, nullptr);
    for (std::size_t i = 0; i < plan.advantages.size(); ++i)
      EXPECT_NEAR(plan.advantages[i], data.advantages[i], 1e-9);
    EXPECT_EQ(plan.masked_tokens > 0, data.options.mask.has_value());

    // One batch, and every prompt in a pass of its own.
    for (std::int64_t micro : {100000, 1}) {
      data.options.micro_batch_tokens = micro;
      policy.require_grad(true);
      policy.zero_grad();
      const double loss = accumulate_gradient(policy, data.rollouts, plan, data.options).value();
      EXPECT_NEAR(loss, test.at("loss").to_number<double>(), 1e-6);
      EXPECT_NEAR(model::grad_norm(policy), test.at("grad_norm").to_number<double>(), 1e-3);
      check_gradients(policy, name);
      policy.zero_grad();
      policy.require_grad(false);
    }
  }
}

}  // namespace
}  // namespace cairn::trainer
