#include "core/server/security/token_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr WallTime at(std::int64_t seconds) {
  return WallTime{std::chrono::seconds(seconds)};
}

TokenEntry entry(const std::string& id, TokenKind kind = TokenKind::kToken,
                 const std::string& made_by = "cli") {
  TokenEntry one;
  one.id = id;
  one.label = "label of " + id;
  one.role = Role::kAdmin;
  one.kind = kind;
  one.digest = std::string(64, 'a');
  one.created = at(1000);
  if (kind != TokenKind::kToken) one.expires = at(5000);
  one.made_by = made_by;
  return one;
}

std::vector<std::string> ids_of(const std::vector<TokenEntry>& entries) {
  std::vector<std::string> ids;
  for (const TokenEntry& one : entries) ids.push_back(one.id);
  return ids;
}

TEST(TokenEntry, AViewerIsLessThanAnAdmin) {
  EXPECT_TRUE(allows(Role::kViewer, "viewer"));
  EXPECT_FALSE(allows(Role::kViewer, "admin"));
  EXPECT_TRUE(allows(Role::kAdmin, "viewer"));
  EXPECT_TRUE(allows(Role::kAdmin, "admin"));
  for (const char* unknown : {"", "root", "Admin", "viewer "}) {
    EXPECT_FALSE(allows(Role::kAdmin, unknown)) << unknown;
    EXPECT_FALSE(role_named(unknown)) << unknown;
  }
}

TEST(TokenEntry, WhatIsWrittenReadsBack) {
  TokenEntry full = entry("a1", TokenKind::kSession, "b2");
  full.last_used = at(2000);
  const auto read = parse_token_file(token_file_text({entry("c3"), full}));
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(ids_of(*read), (std::vector<std::string>{"c3", "a1"}));
  const TokenEntry& back = read->at(1);
  EXPECT_EQ(back.label, full.label);
  EXPECT_EQ(back.role, full.role);
  EXPECT_EQ(back.kind, full.kind);
  EXPECT_EQ(back.digest, full.digest);
  EXPECT_EQ(back.created, full.created);
  EXPECT_EQ(back.expires, full.expires);
  EXPECT_EQ(back.last_used, full.last_used);
  EXPECT_EQ(back.made_by, full.made_by);
  EXPECT_FALSE(read->at(0).expires);
}

TEST(TokenEntry, WhatIsPrintedHoldsNoDigest) {
  EXPECT_THAT(json::serialize(token_document(entry("a1"))), Not(HasSubstr("aaaaaaaa")));
}

TEST(TokenEntry, EveryDamageIsAnErrorAndNeverAnEntry) {
  const std::string whole = token_file_text({entry("a1", TokenKind::kSession, "b2")});
  ASSERT_TRUE(parse_token_file(whole).ok());
  // Cut short anywhere, it is none; the last byte is its line end.
  for (std::size_t i = 0; i + 2 < whole.size(); ++i)
    EXPECT_FALSE(parse_token_file(whole.substr(0, i)).ok()) << i;
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    const std::size_t found = text.find(from);
    EXPECT_NE(found, std::string::npos) << from;
    return parse_token_file(text.replace(found, from.size(), to)).ok();
  };
  EXPECT_FALSE(with("\"version\": 1", "\"version\": 2"));
  EXPECT_FALSE(with("\"admin\"", "\"root\""));
  EXPECT_FALSE(with("\"session\"", "\"other\""));
  EXPECT_FALSE(with("\"a1\"", "\"admin\"")) << "an id is hexadecimal";
  EXPECT_FALSE(with("\"a1\"", "\"\""));
  EXPECT_FALSE(with("\"a1\"", "7"));
  EXPECT_FALSE(with("aaaa", "aaa"));
  EXPECT_FALSE(with("aaaa", "AAAA"));
  EXPECT_FALSE(with("\"expires_at\"", "\"expires\"")) << "a session without an end";
  EXPECT_FALSE(with("1970", "19x0"));
  std::string twice = token_file_text({entry("a1"), entry("a1")});
  EXPECT_FALSE(parse_token_file(twice).ok());
}

TEST(TokenEntry, FlippedBytesNeverCrash) {
  const std::string whole = token_file_text({entry("a1"), entry("b2", TokenKind::kCode, "admin")});
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = whole;
    text[random() % text.size()] = static_cast<char>(random());
    const auto read = parse_token_file(text);
    if (!read.ok()) continue;
    for (const TokenEntry& one : *read) EXPECT_EQ(one.digest.size(), 64u);
  }
}

TEST(TokenEntry, TheDeadAndTheOldestSessionsAreDropped) {
  std::vector<TokenEntry> entries = {
      entry("a1"), entry("b1", TokenKind::kSession, "a1"), entry("b2", TokenKind::kSession, "a1"),
      entry("b3", TokenKind::kSession, "a1"), entry("c1", TokenKind::kSession, "admin")};
  EXPECT_EQ(ids_of(without_dead(entries, at(2000), 2)),
            (std::vector<std::string>{"a1", "b2", "b3", "c1"}));
  entries[0].expires = at(2000);
  EXPECT_EQ(ids_of(without_dead(entries, at(2000), 1)), (std::vector<std::string>{"b3", "c1"}));
  EXPECT_EQ(ids_of(without_dead(entries, at(5000), 9)), std::vector<std::string>{});
}

TEST(TokenEntry, WhatWasMadeFromItGoesWithIt) {
  const std::vector<TokenEntry> entries = {
      entry("a1"), entry("b1", TokenKind::kSession, "a1"), entry("c1", TokenKind::kCode, "a1"),
      entry("d1", TokenKind::kSession, "admin"), entry("e1", TokenKind::kToken, "a1")};
  EXPECT_EQ(ids_of(without(entries, "a1")), (std::vector<std::string>{"d1", "e1"}));
  EXPECT_EQ(ids_of(without(entries, "b1")), (std::vector<std::string>{"a1", "c1", "d1", "e1"}));
}

TEST(TokenEntry, LabelsAreShortTextOfNobodyElse) {
  for (const char* label : {"", "ann", "Ann's laptop", "ü"}) EXPECT_TRUE(check_label(label).ok());
  for (const std::string& label :
       {std::string("admin"), std::string("a\nb"), std::string("\x1b[2J"), std::string(101, 'a'),
        std::string("\xff")})
    EXPECT_FALSE(check_label(label).ok()) << label;
}

}  // namespace
}  // namespace cairn
