#include "core/server/api/binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/control.pb.h"

namespace cairn::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Given {
  Values path;
  Values query;
  std::string body;
  std::string key;
};

template <typename Message>
Message bound(const char* method, const Given& given) {
  auto result = bind(*find_method(method), {given.path, given.query, given.body, given.key});
  if (const auto* bad = std::get_if<BadInput>(&result)) {
    ADD_FAILURE() << bad->pointer << ": " << bad->error.to_string();
    return {};
  }
  return *google::protobuf::DynamicCastToGenerated<Message>(
      std::get<std::unique_ptr<google::protobuf::Message>>(result).get());
}

BadInput refused(const char* method, const Given& given) {
  auto result = bind(*find_method(method), {given.path, given.query, given.body, given.key});
  if (auto* bad = std::get_if<BadInput>(&result)) return *bad;
  ADD_FAILURE() << "taken";
  return {invalid_argument(""), ""};
}

TEST(Binding, TakesFieldsFromPathQueryBodyAndHeader) {
  const auto list = bound<v1::ListRequest>(
      "List",
      {{}, {{"limit", "7"}, {"label", "a=b"}, {"label", "c=d"}, {"status", "failed"}}, "", ""});
  EXPECT_EQ(list.limit(), 7U);
  EXPECT_EQ(list.status(), "failed");
  EXPECT_THAT(list.label(), ElementsAre("a=b", "c=d"));

  const auto fork = bound<v1::ForkRequest>(
      "Fork",
      {{{"run", "r1"}},
       {{"dry_run", "true"}},
       R"({"stage": "rl", "step": 20, "params": {"lr": 0.1, "seed": 18446744073709551615}})",
       "key-1"});
  EXPECT_EQ(fork.run(), "r1");
  EXPECT_EQ(fork.stage(), "rl");
  EXPECT_TRUE(fork.has_step());
  EXPECT_EQ(fork.step(), 20);
  EXPECT_TRUE(fork.dry_run());
  EXPECT_EQ(fork.request_id(), "key-1");
  EXPECT_EQ(parse_json(fork.params())->at("seed").as_uint64(), 18446744073709551615U);

  EXPECT_FALSE(
      bound<v1::ForkRequest>("Fork", {{{"run", "r"}}, {}, R"({"stage":"a"})", ""}).has_step());
}

TEST(Binding, RefusesWhatTheRequestDoesNotHaveAndNamesTheNearest) {
  const BadInput query = refused("List", {{}, {{"statsu", "failed"}}, "", ""});
  EXPECT_EQ(query.pointer, "query/statsu");
  EXPECT_THAT(query.error.hint, HasSubstr("status"));
  const BadInput body = refused("Submit", {{}, {}, R"({"workflow": "x", "sede": 1})", ""});
  EXPECT_EQ(body.pointer, "/sede");
  EXPECT_THAT(body.error.hint, HasSubstr("seed"));
}

// A spec that was not checked here, and words of the engine's own, are not for the network.
TEST(Binding, WhatOtherProcessesSayIsNotThereOverHttp) {
  for (const char* name : {"workflow_json", "environment_json"}) {
    const BadInput bad = refused(
        "Submit", {{}, {}, R"({"workflow": "x", ")" + std::string(name) + R"(": "{}"})", ""});
    EXPECT_EQ(bad.pointer, "/" + std::string(name));
  }
  EXPECT_EQ(refused("Approve", {{{"run", "r"}}, {}, R"({"stage": "s", "by": "me"})", ""}).pointer,
            "/by");
  EXPECT_EQ(refused("List", {{}, {{"before", "x"}}, "", ""}).pointer, "query/before");
}

TEST(Binding, FieldsOfThePathAreGivenThereAlone) {
  EXPECT_EQ(refused("Get", {{{"run", "a"}}, {{"run", "b"}}, "", ""}).pointer, "query/run");
  EXPECT_EQ(refused("Cancel", {{{"run", "a"}}, {}, R"({"run": "b"})", ""}).pointer, "/run");
}

TEST(Binding, RefusesOtherTypesAndWhatLiesOutsideTheLimits) {
  const auto of_body = [](const std::string& body) {
    return refused("Submit", {{}, {}, body, ""}).pointer;
  };
  EXPECT_EQ(of_body(R"({"workflow": 1})"), "/workflow");
  EXPECT_EQ(of_body(R"({"workflow": "x", "seed": -1})"), "/seed");
  EXPECT_EQ(of_body(R"({"workflow": "x", "seed": 1.5})"), "/seed");
  EXPECT_EQ(of_body(R"({"workflow": "x", "priority": 3000000000})"), "/priority");
  EXPECT_EQ(of_body(R"({"workflow": "x", "params": []})"), "/params");
  EXPECT_EQ(of_body(R"({"workflow": "x", "params": null})"), "/params");
  EXPECT_EQ(of_body("[]"), "");
  EXPECT_EQ(of_body("{"), "");
  EXPECT_EQ(of_body(std::string(100, '[')), "");

  const auto of_query = [](const std::string& name, const std::string& value) {
    return refused("List", {{}, {{name, value}}, "", ""}).pointer;
  };
  for (const char* wrong : {"", " 1", "1 ", "+1", "0x1", "1e3", "-1", "1001", "4294967296", "NaN"})
    EXPECT_EQ(of_query("limit", wrong), "query/limit") << wrong;
  EXPECT_EQ(refused("Resume", {{{"run", "r"}}, {{"dry_run", "1"}}, "{}", ""}).pointer,
            "query/dry_run");
  EXPECT_EQ(
      refused("ListRollouts", {{{"run", "r"}, {"stage", "s"}}, {{"sort", "size"}}, "", ""}).pointer,
      "query/sort");
}

TEST(Binding, RefusesAValueThatIsGivenTwice) {
  EXPECT_EQ(refused("List", {{}, {{"q", "a"}, {"q", "b"}}, "", ""}).pointer, "query/q");
  EXPECT_EQ(refused("Resume", {{{"run", "r"}}, {{"dry_run", "true"}}, R"({"dry_run": true})", ""})
                .pointer,
            "/dry_run");
}

TEST(Binding, AsksForWhatIsRequired) {
  EXPECT_EQ(refused("Submit", {{}, {}, "{}", ""}).pointer, "/workflow");
  EXPECT_EQ(refused("Submit", {{}, {}, "", ""}).pointer, "/workflow");
}

TEST(Binding, AKeyIsVisibleAsciiAndShort) {
  for (const std::string& wrong :
       {std::string("a b"), std::string("\x01"), std::string("\xc3\xa4"), std::string(129, 'a')}) {
    EXPECT_EQ(refused("Submit", {{}, {}, R"({"workflow": "x"})", wrong}).pointer,
              "header/Idempotency-Key");
  }
  // Where nothing is made, it does not matter.
  (void)bound<v1::GetRequest>("Get", {{{"run", "r"}}, {}, "", "anything"});
}

}  // namespace
}  // namespace cairn::api
