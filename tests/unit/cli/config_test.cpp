#include "core/workflow/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace cairn {
namespace {

using ::testing::ElementsAre;

class Config : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = make_private_folder(fs::temp_directory_path(), "cairn-config-");
    ASSERT_TRUE(folder.ok());
    file_ = *folder / "config.yaml";
  }
  void TearDown() override { fs::remove_all(file_.parent_path()); }
  OperationConfig read(const std::string& text) {
    std::ofstream(file_, std::ios::binary) << text;
    diagnostics_ = {};
    const auto config = read_config(file_, diagnostics_);
    EXPECT_TRUE(config.ok());
    return config.ok() ? *config : OperationConfig{};
  }
  [[nodiscard]] std::vector<std::string> codes() const {
    std::vector<std::string> codes;
    for (const Diagnostic& each : diagnostics_.sorted()) codes.push_back(each.code);
    return codes;
  }
  fs::path file_;
  Diagnostics diagnostics_;
};

TEST_F(Config, ReadsEverything) {
  const OperationConfig config = read(R"(
pools: {licences: 2}
quotas: {artifacts: 100Gi}
free_space: 2Gi
retention: {keep_best: ["reward:3", "-loss:1"]}
orphan_timeout: 24h
capture: [SLURM_JOB_ID]
environment: [HF_HOME, "WANDB_*"]
policy: {privileges: inherit}
)");
  EXPECT_FALSE(diagnostics_.has_errors()) << diagnostics_.to_text();
  EXPECT_EQ(config.pools.at("licences"), 2);
  EXPECT_EQ(config.artifact_quota, std::uint64_t{100} << 30);
  EXPECT_EQ(config.free_space, std::uint64_t{2} << 30);
  EXPECT_THAT(config.keep_best, ElementsAre("reward:3", "-loss:1"));
  EXPECT_EQ(config.orphan_timeout, Duration(std::chrono::hours(24)));
  EXPECT_THAT(config.capture, ElementsAre("SLURM_JOB_ID"));
  EXPECT_THAT(config.environment, ElementsAre("HF_HOME", "WANDB_*"));
  EXPECT_TRUE(config.privileges);
  EXPECT_FALSE(read("policy: {privileges: none}").privileges);
}

TEST_F(Config, UnknownKeysAreErrorsWithTheNearestName) {
  read("free_spcae: 2Gi\nquotas: {artifact: 1Gi}\n");
  EXPECT_THAT(codes(), ElementsAre("unknown_key", "unknown_key"));
  EXPECT_EQ(diagnostics_.sorted()[0].hint, "did you mean 'free_space'?");
  EXPECT_EQ(diagnostics_.sorted()[1].where.line, 2);
}

TEST_F(Config, WrongValuesAreErrors) {
  for (const char* text :
       {"pools: 3", "pools: {a: many}", "pools: {a: -1}", "free_space: lots", "orphan_timeout: 24",
        "capture: HOME", "retention: {keep_best: 3}", "- a list", "environment: {A: 1}",
        "policy: {privileges: yes}", "policy: {privileges: [inherit]}"}) {
    read(text);
    EXPECT_THAT(codes(), ElementsAre("invalid_value")) << text;
  }
}

TEST_F(Config, AMissingFileIsNotFound) {
  const auto config = read_config(file_, diagnostics_);
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace cairn
