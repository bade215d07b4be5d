// Where models compute: devices by name, and that no path reads tensors that lie elsewhere.
#include "plugins/lib/model/device.h"

#include <gmock/gmock.h>

#include "plugins/lib/model/generate.h"
#include "plugins/lib/model/optimizer.h"
#include "tests/unit/model/far_device.h"
#include "tests/unit/model/torch_fixtures.h"

namespace cairn::model {
namespace {

using testing::HasSubstr;

PackedBatch prompt_with_answers() {
  return pack_groups(std::vector<TokenGroup>{{{5, 6, 7, 8, 9}, {{10, 11}, {12, 13, 14}}}});
}

TEST(Device, IsNamedAsUsersNameIt) {
  EXPECT_TRUE(device_named("cpu").value().is_cpu());
  EXPECT_TRUE(device_for_gpus(0).value().is_cpu());
  for (const char* name :
       {"", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:1x", "cuda:99999", "cuda1"}) {
    const auto device = device_named(name);
    ASSERT_FALSE(device.ok()) << name;
    EXPECT_EQ(device.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(device.error().message, HasSubstr(name));
  }
}

TEST(Device, ThatIsNotThereIsAnErrorThatSaysWhatIs) {
  const int there = static_cast<int>(torch::cuda::device_count());
  const auto beyond = device_named("cuda:" + std::to_string(there));
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(beyond.error().message,
              HasSubstr("cuda:" + std::to_string(there) + " was asked for"));
  EXPECT_FALSE(beyond.error().hint.empty());
  EXPECT_EQ(device_for_gpus(1).ok(), there > 0);
  CausalLm model = CausalLm::init(small(Architecture::kLlama), 1).value();
  EXPECT_FALSE(model.move_to(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(there))).ok());
  EXPECT_TRUE(model.embedding().is_cpu());
}

// What the tests below rest on.
TEST(Device, ThatStandsInForAGpuTakesNoTensorsOfTheCpu) {
  const at::Tensor near = at::arange(4, at::kFloat), far = near.to(kFar);
  EXPECT_THROW((void)(far + near), c10::Error);
  EXPECT_THROW((void)far.index_select(0, at::arange(2, at::kLong)), c10::Error);
  EXPECT_TRUE(at::equal((far + far).cpu(), near + near));
}

std::vector<at::DeviceType> devices() {
  if (torch::cuda::device_count() == 0) return {at::kPrivateUse1};
  return {at::kPrivateUse1, at::kCUDA};
}

// The backward pass of any device asks the driver of CUDA, where LibTorch was built for it.
std::vector<at::DeviceType> devices_of_backward() {
  const bool lacks_driver = at::globalContext().hasCUDART() && torch::cuda::device_count() == 0;
  return lacks_driver ? std::vector<at::DeviceType>() : devices();
}

// Everything that training and generation do, far from the CPU and, where there is one, on CUDA.
class Elsewhere : public testing::TestWithParam<std::tuple<Architecture, at::DeviceType>> {
 protected:
  void SetUp() override {
    fix_threads(1);
    ASSERT_TRUE(there.move_to(at::Device(device(), 0)).ok());
  }
  static at::DeviceType device() { return std::get<1>(GetParam()); }
  CausalLm here = CausalLm::init(small(std::get<0>(GetParam())), 3).value();
  CausalLm there = CausalLm::init(small(std::get<0>(GetParam())), 3).value();
};

class TrainsElsewhere : public Elsewhere {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TrainsElsewhere);

at::Tensor backward(CausalLm& model, bool recompute) {
  const bool balanced = model.config().experts.has_value();
  model.require_grad(true);
  model.zero_grad();
  const auto scores =
      model.score(prompt_with_answers(), {.recompute = recompute, .load_balancing = balanced});
  EXPECT_TRUE(scores.ok()) << scores.error().to_string();
  at::Tensor loss = -scores->logprob.mean();
  if (balanced) loss = loss + scores->load_balancing;
  loss.backward();
  return loss.detach().cpu();
}

TEST_P(TrainsElsewhere, GradientsAreThoseOfTheCpu) {
  for (const bool recompute : {false, true}) {
    EXPECT_LT(distance(backward(here, recompute), backward(there, recompute)), 1e-5);
    for (const auto& [name, parameter] : here.parameters()) {
      const at::Tensor& other = there.parameters().at(name);
      EXPECT_EQ(other.device().type(), device()) << name;
      ASSERT_EQ(parameter.grad().defined(), other.grad().defined()) << name;
      if (!parameter.grad().defined()) continue;
      EXPECT_LT(distance(parameter.grad(), other.grad().cpu()), 1e-5) << name;
    }
  }
}

TEST_P(TrainsElsewhere, StepsAreThoseOfTheCpuAndComeBackFromFiles) {
  AdamW first({}), second({});
  backward(here, false);
  backward(there, false);
  ASSERT_TRUE(train_step(here, first, 1e-3, 1.0).ok());
  ASSERT_TRUE(train_step(there, second, 1e-3, 1.0).ok());
  const TempFolder temp;
  ASSERT_TRUE(save_weights(there, temp.path()).ok());
  ASSERT_TRUE(second.save(temp.path()).ok());
  ASSERT_TRUE(load_weights(there, temp.path()).ok());
  ASSERT_TRUE(second.restore(temp.path(), there).ok());
  backward(here, false);
  backward(there, false);
  ASSERT_TRUE(train_step(here, first, 1e-3, 1.0).ok());
  ASSERT_TRUE(train_step(there, second, 1e-3, 1.0).ok());
  for (const auto& [name, parameter] : here.parameters()) {
    EXPECT_LT(distance(parameter, there.parameters().at(name).cpu()), 2e-4) << name;
  }
}

TEST_P(Elsewhere, GeneratesTheTokensOfTheCpu) {
  const auto answers = [](const CausalLm& model) {
    Request request{{1, 2, 3, 4}, {7, 8}, {}};
    request.sampling.temperature = 0;
    request.sampling.max_new_tokens = 40;
    const auto generated = generate(model, {request});
    EXPECT_TRUE(generated.ok()) << generated.error().to_string();
    return generated->completions[0][1].ids;
  };
  EXPECT_EQ(answers(here), answers(there));
}

constexpr auto kArchitectures = {Architecture::kQwen3, Architecture::kQwen3Moe,
                                 Architecture::kLlama};
INSTANTIATE_TEST_SUITE_P(All, Elsewhere,
                         testing::Combine(testing::ValuesIn(kArchitectures),
                                          testing::ValuesIn(devices())));
INSTANTIATE_TEST_SUITE_P(All, TrainsElsewhere,
                         testing::Combine(testing::ValuesIn(kArchitectures),
                                          testing::ValuesIn(devices_of_backward())));

}  // namespace
}  // namespace cairn::model
