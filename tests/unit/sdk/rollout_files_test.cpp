// Rows and token data of rollouts: what is written comes back, and nothing else does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "core/sdk/kinds.h"
#include "core/sdk/kinds/rollout_columns.h"
#include "core/sdk/kinds/rollout_tokens.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

TEST(RolloutNats, FourDigitsAndNoMoreThanFourDecimals) {
  const std::pair<double, double> cases[] = {
      {0, 0},           {0.00004, 0},     {0.00006, 0.0001}, {0.12344, 0.1234}, {0.99994, 0.9999},
      {0.99996, 1},     {1.23456, 1.235}, {9.9994, 9.999},   {12.3456, 12.35},  {123.456, 123.5},
      {1638.2, 1638.2}, {1e9, 1638.2},    {-0.5, 0.5},       {999.96, 1000},    {99.996, 100}};
  for (const auto& [value, kept] : cases)
    EXPECT_DOUBLE_EQ(decode_nats(encode_nats(value)), kept) << value;
  for (const double value : {std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(), std::nan("")})
    EXPECT_TRUE(std::isnan(decode_nats(encode_nats(value))));
}

TEST(RolloutNats, WhatWasReadIsWrittenTheSame) {
  for (int i = 0; i < 2'000'000; ++i) {
    const double kept = decode_nats(encode_nats(i * 0.00093));
    ASSERT_EQ(decode_nats(encode_nats(kept)), kept) << i;
  }
}

RolloutTokens some_tokens() {
  RolloutTokens tokens;
  tokens.turns = {2, 0, 1};
  tokens.ids = {7, 70'000, 0xFFFFFFFF};
  tokens.piece_bytes = {3, 0, 2};
  tokens.logprobs = {-0.25, -12.5, 0};
  tokens.entropies = {0, 1.5, 0.0625};
  tokens.marks = {RolloutTokens::kCounts, 0, RolloutTokens::kSpecial};
  tokens.text = std::string("\xFF\0\n\xE2\x98", 5);
  return tokens;
}

std::string verdict(std::string_view block) {
  const auto parsed = parse_rollout_tokens(block);
  return parsed.ok() ? "fine" : parsed.error().message;
}

TEST(RolloutTokenBlock, ComesBackWhole) {
  for (const bool reference : {false, true}) {
    RolloutTokens tokens = some_tokens();
    if (reference) tokens.reference = {-1, -2, -3};
    const std::string block = encode_rollout_tokens(tokens).value();
    const auto back = parse_rollout_tokens(block);
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(back->turns, tokens.turns);
    EXPECT_EQ(back->ids, tokens.ids);
    EXPECT_EQ(back->piece_bytes, tokens.piece_bytes);
    EXPECT_EQ(back->logprobs, tokens.logprobs);
    EXPECT_EQ(back->entropies, (std::vector<double>{0, 1.5, 0.0625}));
    EXPECT_EQ(back->reference, tokens.reference);
    EXPECT_EQ(back->marks, tokens.marks);
    EXPECT_EQ(back->text, tokens.text);
    EXPECT_FALSE(std::signbit(back->logprobs[2])) << "-0 would be shown";
  }
  EXPECT_EQ(verdict(encode_rollout_tokens({}).value()), "fine");
}

TEST(RolloutTokenBlock, IsRefusedWithAnyByteChangedCutOrAdded) {
  const std::string block = encode_rollout_tokens(some_tokens()).value();
  for (std::size_t at = 0; at < block.size(); ++at) {
    std::string other = block;
    other[at] = static_cast<char>(other[at] ^ 0x10);
    EXPECT_NE(verdict(other), "fine") << at;
    EXPECT_NE(verdict(std::string_view(block).substr(0, at)), "fine") << at;
  }
  EXPECT_NE(verdict(block + "x"), "fine");
}

TEST(RolloutTokenBlock, ListsOfUnequalLengthAreADefectOfTheWriter) {
  for (const auto& change : std::vector<std::function<void(RolloutTokens&)>>{
           [](RolloutTokens& t) { t.logprobs.pop_back(); },
           [](RolloutTokens& t) { t.entropies.push_back(0); },
           [](RolloutTokens& t) { t.marks.clear(); }, [](RolloutTokens& t) { t.reference = {-1}; },
           [](RolloutTokens& t) { t.turns.push_back(1); },
           [](RolloutTokens& t) { t.text += "x"; }}) {
    RolloutTokens tokens = some_tokens();
    change(tokens);
    EXPECT_FALSE(encode_rollout_tokens(tokens).ok());
  }
}

TEST(RolloutRows, AreWholeOrNot) {
  RolloutRow row;
  row.step = 3;
  row.reward = 0.5;
  const std::string bytes = encode_rollout_row(row);
  ASSERT_EQ(bytes.size(), 96U);
  EXPECT_EQ(bytes.back(), '\n');
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    std::string other = bytes;
    if (at < bytes.size()) other[at] = static_cast<char>(other[at] ^ 1);
    RolloutRow back;
    std::memcpy(&back, other.data(), sizeof(back));
    EXPECT_EQ(is_whole(back), at == bytes.size()) << at;
  }
}

class RolloutFolder : public ::testing::Test {
 protected:
  RolloutFolder() : folder_(make_private_folder(fs::temp_directory_path(), "cairn-rows-").value()) {
    write("steps.jsonl", "{\"step\":1}\n");
    write("rollouts.jsonl", "{\"a\":1}\n{\"b\":22}\n");
    write("tokens.bin", "0123456789");
    write("samples.jsonl", "{\"id\":\"q\",\"task\":\"t\",\"record\":0,\"prompt_tokens\":3}\n");
    write("rollouts.columns", row(0, 7, 0, 4) + row(8, 8, 4, 6));
  }
  ~RolloutFolder() override { fs::remove_all(folder_); }
  void write(const char* name, std::string_view bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  static std::string row(std::uint64_t body, std::uint32_t bytes, std::uint64_t token = 0,
                         std::uint32_t token_bytes = 0) {
    RolloutRow row;
    row.body_offset = body;
    row.body_bytes = bytes;
    row.token_offset = token;
    row.token_bytes = token_bytes;
    return encode_rollout_row(row);
  }
  [[nodiscard]] std::string verdict() const {
    const auto result = kind::Rollouts::validate(folder_);
    return result.ok() ? "fine" : result.error().message;
  }
  fs::path folder_;
};

TEST_F(RolloutFolder, IsValidWithAndWithoutColumns) {
  EXPECT_EQ(verdict(), "fine");
  fs::remove(folder_ / "rollouts.columns");
  fs::remove(folder_ / "samples.jsonl");
  fs::remove(folder_ / "tokens.bin");
  EXPECT_EQ(verdict(), "fine");
}

TEST_F(RolloutFolder, IsRefusedWhereColumnsAndBodiesDisagree) {
  const auto with = [&](const std::string& rows) {
    write("rollouts.columns", rows);
    return verdict();
  };
  EXPECT_THAT(with(row(0, 7)), HasSubstr("row 1"));
  EXPECT_THAT(with(row(0, 7) + row(8, 9)), HasSubstr("row 1"));
  EXPECT_THAT(with(row(0, 7) + row(9, 7)), HasSubstr("row 1"));
  EXPECT_THAT(with(row(0, 0xFFFFFFFF)), HasSubstr("row 0"));
  EXPECT_THAT(with(row(0, 7) + row(8, 8, 4, 7)), HasSubstr("tokens.bin"));
  EXPECT_THAT(with(row(0, 7) + row(8, 8, ~0ULL, 7)), HasSubstr("tokens.bin"));
  EXPECT_THAT(with(row(0, 7) + row(8, 8).substr(0, 95)), HasSubstr("cut short"));
  EXPECT_THAT(with(row(0, 7) + std::string(96, 'x')), HasSubstr("checksum"));
  EXPECT_EQ(with(row(0, 7) + row(8, 8)), "fine");
  fs::remove(folder_ / "samples.jsonl");
  EXPECT_THAT(verdict(), HasSubstr("no samples.jsonl"));
  write("samples.jsonl", "{\"id\":1}\n");
  EXPECT_THAT(verdict(), HasSubstr("id"));
}

}  // namespace
}  // namespace cairn
