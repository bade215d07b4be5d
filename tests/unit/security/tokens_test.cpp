#include "core/server/security/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/unit/security/fixture.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TokensTest : public StateTest {
 protected:
  // As another process has it.
  std::unique_ptr<AccessTokens> other() { return AccessTokens::open(folder_, clock_).value(); }
  std::size_t count() { return tokens_->list()->size(); }
};

TEST_F(TokensTest, TheAdminTokenIsKnownFromItsFile) {
  EXPECT_EQ(admin_.size(), 64u);
  const auto found = tokens_->find(admin_, TokenKind::kToken);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->who(), "admin");
  EXPECT_EQ(found->role, Role::kAdmin);
  EXPECT_FALSE(tokens_->find(admin_, TokenKind::kSession));
  EXPECT_FALSE(tokens_->find(admin_, TokenKind::kCode));
  fs::remove(folder_ / "token");
  EXPECT_FALSE(tokens_->find(admin_, TokenKind::kToken)) << "it is no more";
  const std::string next = make_or_read_token(folder_).value();
  EXPECT_NE(next, admin_);
  EXPECT_TRUE(tokens_->find(next, TokenKind::kToken));
}

TEST_F(TokensTest, OnlyTheHashOfASecretIsStored) {
  const Minted minted = make(Role::kViewer, "ann");
  EXPECT_EQ(minted.secret.size(), 64u);
  for (const auto& file : fs::directory_iterator(folder_)) {
    EXPECT_THAT(contents_of(file.path()), Not(HasSubstr(minted.secret))) << file.path();
    EXPECT_EQ(mode_of(file.path()), 0600u) << file.path();
  }
  EXPECT_THAT(contents_of(folder_ / "tokens.json"), HasSubstr(minted.entry.digest));
  const auto found = tokens_->find(minted.secret, TokenKind::kToken);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->who(), "ann");
  EXPECT_EQ(found->role, Role::kViewer);
  EXPECT_FALSE(tokens_->find(minted.entry.digest, TokenKind::kToken)) << "the file opens nothing";
}

TEST_F(TokensTest, WhatIsNearlyItIsNotIt) {
  const Minted minted = make(Role::kAdmin, "ann");
  std::string other = minted.secret;
  other.back() = other.back() == '0' ? '1' : '0';
  for (const std::string& wrong :
       {std::string(), other, minted.secret + "0", minted.secret.substr(1), minted.secret + "\n",
        std::string("nothing"), std::string(1 << 20, 'a'), minted.entry.id}) {
    EXPECT_FALSE(tokens_->find(wrong, TokenKind::kToken));
  }
}

TEST_F(TokensTest, OtherProcessesSeeChangesAtOnce) {
  const auto command = other();
  const Minted minted = *command->create({"ann", Role::kAdmin, {}});
  EXPECT_TRUE(tokens_->find(minted.secret, TokenKind::kToken));
  EXPECT_EQ(*command->revoke(minted.entry.id), 1u);
  EXPECT_FALSE(tokens_->find(minted.secret, TokenKind::kToken));
}

TEST_F(TokensTest, LabelsNameOneTokenEach) {
  const Minted first = make(Role::kAdmin, "ann", std::chrono::hours(1));
  EXPECT_EQ(tokens_->create({"ann", Role::kViewer, {}}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(tokens_->create({"admin", Role::kViewer, {}}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(tokens_->create({"", Role::kViewer, {}}).ok());
  EXPECT_TRUE(tokens_->create({"", Role::kViewer, {}}).ok());
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(tokens_->create({"ann", Role::kViewer, {}}).ok()) << "the first has ended";
}

TEST_F(TokensTest, ATokenEndsWhenItsTimeIsOver) {
  const Minted minted = make(Role::kAdmin, "ann", std::chrono::hours(24));
  clock_.advance(std::chrono::hours(24) - Duration{1});
  EXPECT_TRUE(tokens_->find(minted.secret, TokenKind::kToken));
  clock_.advance(Duration{1});
  EXPECT_FALSE(tokens_->find(minted.secret, TokenKind::kToken));
  EXPECT_EQ(count(), 1u) << "the admin's";
}

TEST_F(TokensTest, WhatWasFoundHoldsUntilItIsRevokedOrOver) {
  const Minted token = make(Role::kViewer, "ann", std::chrono::hours(1));
  const Minted session = *tokens_->make_session(token.entry);
  const TokenEntry admin = *tokens_->find(admin_, TokenKind::kToken);
  for (const TokenEntry& entry : {token.entry, session.entry, admin})
    EXPECT_TRUE(tokens_->holds(entry));
  const auto other = AccessTokens::open(folder_, clock_);
  ASSERT_TRUE((*other)->revoke(session.entry.id).ok());
  EXPECT_FALSE(tokens_->holds(session.entry)) << "as another process had it";
  clock_.advance(std::chrono::hours(1));
  EXPECT_FALSE(tokens_->holds(token.entry));
  ASSERT_TRUE(tokens_->revoke(kAdminId).ok());
  EXPECT_FALSE(tokens_->holds(admin));
  ASSERT_TRUE(make_or_read_token(folder_).ok());
  EXPECT_FALSE(tokens_->holds(admin)) << "its successor is another";
}

TEST_F(TokensTest, ACodeIsGoodOnceAndForTwoMinutes) {
  const Minted code = *tokens_->make_code(Role::kAdmin, kAdminId);
  const Minted late = *tokens_->make_code(Role::kAdmin, kAdminId);
  EXPECT_FALSE(tokens_->find(code.secret, TokenKind::kToken)) << "it is no token";
  clock_.advance(kCodeLife - Duration{1});
  const auto session = tokens_->redeem(code.secret);
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session->entry.who(), "admin");
  EXPECT_EQ(session->entry.role, Role::kAdmin);
  EXPECT_EQ(*session->entry.expires - session->entry.created, kSessionLife);
  EXPECT_TRUE(tokens_->find(session->secret, TokenKind::kSession));
  EXPECT_FALSE(tokens_->find(session->secret, TokenKind::kToken)) << "a cookie is no bearer token";
  EXPECT_EQ(tokens_->redeem(code.secret).error().code, ErrorCode::kNotFound);
  clock_.advance(Duration{1});
  EXPECT_EQ(tokens_->redeem(late.secret).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(tokens_->redeem(session->secret).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(tokens_->redeem("").error().code, ErrorCode::kNotFound);
}

TEST_F(TokensTest, OfManyWhoRedeemACodeAtOnceOneGetsIt) {
  constexpr int kRedeemers = 8;
  for (int round = 0; round < 5; ++round) {
    const Minted code = *tokens_->make_code(Role::kAdmin, kAdminId);
    std::atomic<int> got{0};
    std::atomic<int> ready{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < kRedeemers; ++i) {
      threads.emplace_back([&] {
        const auto process = other();
        ++ready;
        while (ready < kRedeemers) std::this_thread::yield();
        if (process->redeem(code.secret).ok()) ++got;
      });
    }
    threads.clear();
    EXPECT_EQ(got, 1);
  }
  EXPECT_EQ(count(), 1u + 5u);
}

TEST_F(TokensTest, WritersAtOnceLoseNothing) {
  constexpr int kWriters = 6;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kWriters; ++i) {
      threads.emplace_back([&, i] {
        const auto process = other();
        for (int k = 0; k < 5; ++k) {
          EXPECT_TRUE(
              process->create({std::to_string(i) + "." + std::to_string(k), Role::kViewer, {}})
                  .ok());
        }
      });
    }
  }
  EXPECT_EQ(count(), 1u + kWriters * 5u);
}

TEST_F(TokensTest, SessionsEndWithTheirToken) {
  const Minted token = make(Role::kAdmin, "ann", std::chrono::hours(5));
  const Minted session = *tokens_->make_session(token.entry);
  EXPECT_EQ(session.entry.expires, token.entry.expires) << "it does not outlive it";
  EXPECT_EQ(session.entry.who(), "ann");
  EXPECT_EQ(*other()->revoke(token.entry.id), 2u);
  EXPECT_FALSE(tokens_->find(session.secret, TokenKind::kSession));
  EXPECT_EQ(tokens_->make_session(token.entry).error().code, ErrorCode::kNotFound)
      << "revoked between the look and the making";
  EXPECT_EQ(tokens_->revoke(token.entry.id).error().code, ErrorCode::kNotFound);
}

TEST_F(TokensTest, RevokingTheAdminEndsItsFileAndItsSessions) {
  const Minted session = *tokens_->redeem(tokens_->make_code(Role::kAdmin, kAdminId)->secret);
  const Minted ann = make(Role::kAdmin, "ann");
  EXPECT_EQ(*tokens_->revoke(kAdminId), 2u);
  EXPECT_FALSE(tokens_->find(session.secret, TokenKind::kSession));
  EXPECT_FALSE(tokens_->find(admin_, TokenKind::kToken));
  EXPECT_FALSE(fs::exists(folder_ / "token"));
  EXPECT_TRUE(tokens_->find(ann.secret, TokenKind::kToken));
}

TEST_F(TokensTest, SessionsSurviveARestart) {
  const Minted session = *tokens_->redeem(tokens_->make_code(Role::kAdmin, kAdminId)->secret);
  tokens_.reset();
  tokens_ = other();
  EXPECT_TRUE(tokens_->find(session.secret, TokenKind::kSession));
}

TEST_F(TokensTest, SigningInAgainAndAgainFillsNoDisk) {
  const Minted token = make(Role::kViewer, "ann");
  Minted first = *tokens_->make_session(token.entry);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(tokens_->make_session(token.entry).ok());
  EXPECT_EQ(count(), 2u + 200u);
  EXPECT_FALSE(tokens_->find(first.secret, TokenKind::kSession)) << "the oldest has gone";
  EXPECT_TRUE(tokens_->find(token.secret, TokenKind::kToken));
}

TEST_F(TokensTest, ADamagedFileLetsNobodyInAndIsLeftAsItIs) {
  const Minted minted = make(Role::kAdmin, "ann");
  const fs::path file = folder_ / "tokens.json";
  const std::string whole = contents_of(file);
  std::ofstream(file) << whole.substr(0, whole.size() / 2);
  EXPECT_FALSE(tokens_->find(minted.secret, TokenKind::kToken));
  EXPECT_FALSE(tokens_->find("", TokenKind::kToken));
  EXPECT_TRUE(tokens_->find(admin_, TokenKind::kToken)) << "whose file is whole";
  const auto opened = AccessTokens::open(folder_, clock_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(opened.error().message, HasSubstr(file.string()));
  EXPECT_FALSE(tokens_->create({"bob", Role::kAdmin, {}}).ok());
  EXPECT_FALSE(tokens_->list().ok());
  EXPECT_EQ(contents_of(file), whole.substr(0, whole.size() / 2));
  std::ofstream(file) << whole;
  EXPECT_TRUE(tokens_->find(minted.secret, TokenKind::kToken)) << "whole again";
}

TEST_F(TokensTest, AFileThatOthersMayReadLetsNobodyIn) {
  const Minted minted = make(Role::kAdmin, "ann");
  fs::permissions(folder_ / "tokens.json", static_cast<fs::perms>(0644));
  EXPECT_FALSE(tokens_->find(minted.secret, TokenKind::kToken));
  EXPECT_EQ(AccessTokens::open(folder_, clock_).error().code, ErrorCode::kConflict);
  fs::permissions(folder_ / "tokens.json", static_cast<fs::perms>(0600));
  fs::permissions(folder_ / "token", static_cast<fs::perms>(0640));
  EXPECT_FALSE(tokens_->find(admin_, TokenKind::kToken));
}

TEST_F(TokensTest, UsesAreWrittenDownNowAndThen) {
  const Minted minted = make(Role::kAdmin, "ann");
  const auto stamp = [&] { return private_stamp(folder_ / "tokens.json"); };
  const auto fresh = stamp();
  EXPECT_TRUE(tokens_->save_uses().ok());
  EXPECT_EQ(stamp(), fresh) << "nobody used any";
  clock_.advance(Duration{5000});
  EXPECT_TRUE(tokens_->find(minted.secret, TokenKind::kToken));
  EXPECT_EQ(tokens_->list()->back().last_used, clock_.now());
  EXPECT_TRUE(tokens_->save_uses().ok());
  EXPECT_EQ(other()->list()->back().last_used, clock_.now());
  const auto saved = stamp();
  clock_.advance(Duration{1000});
  EXPECT_TRUE(tokens_->find(minted.secret, TokenKind::kToken));
  EXPECT_TRUE(tokens_->save_uses().ok());
  EXPECT_EQ(stamp(), saved) << "a second later is no news";
  clock_.advance(Duration{60'000});
  EXPECT_TRUE(tokens_->find(minted.secret, TokenKind::kToken));
  EXPECT_TRUE(tokens_->save_uses().ok());
  EXPECT_EQ(other()->list()->back().last_used, clock_.now());
}

TEST_F(TokensTest, WithoutRandomBytesNoTokenIsMade) {
  const auto without = AccessTokens::open(folder_, clock_, [](std::size_t) -> Result<std::string> {
                         return make_error(ErrorCode::kIo, "no entropy");
                       }).value();
  EXPECT_EQ(without->create({"ann", Role::kAdmin, {}}).error().message, "no entropy");
  EXPECT_EQ(count(), 1u);
}

TEST_F(TokensTest, TheFirstTokenMakesTheFolder) {
  const fs::path state = folder_ / "new";
  const auto tokens = AccessTokens::open(state, clock_).value();
  EXPECT_FALSE(fs::exists(state));
  ASSERT_TRUE(tokens->create({"ann", Role::kAdmin, {}}).ok());
  EXPECT_EQ(mode_of(state), 0700u);
}

}  // namespace
}  // namespace cairn
