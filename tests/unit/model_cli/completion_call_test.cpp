#include "plugins/model_cli/completion_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CompletionCall call_of(CallKind kind, const std::string& body) {
  auto read = read_call(kind, parse_json_object(body).value());
  const auto* refused = std::get_if<CallError>(&read);
  EXPECT_EQ(refused, nullptr) << refused->field << ": " << refused->error.message;
  return refused == nullptr ? std::get<CompletionCall>(read) : CompletionCall{};
}
CallError error_of(CallKind kind, const std::string& body) {
  auto read = read_call(kind, parse_json_object(body).value());
  const auto* refused = std::get_if<CallError>(&read);
  EXPECT_NE(refused, nullptr) << body;
  return refused == nullptr ? CallError{} : *refused;
}
std::string chat(const std::string& more) {
  return R"({"model":"m","messages":[{"role":"user","content":"Hi"}])" + more + "}";
}

TEST(CompletionCall, AChatHasItsMessages) {
  const CompletionCall call =
      call_of(CallKind::kChat,
              R"({"model":"m","messages":[{"role":"system","content":"Be kind."},
          {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],
          "max_completion_tokens":7,"temperature":0,"top_p":0.5,"top_k":3,"min_p":0.1,
          "seed":18446744073709551615,"stop":"x","stream":true,
          "stream_options":{"include_usage":true},"n":2,"logprobs":true,"top_logprobs":0,
          "user":"someone","presence_penalty":0,"tools":null})");
  EXPECT_EQ(call.model, "m");
  ASSERT_EQ(call.messages.size(), 2u);
  EXPECT_EQ(call.messages[1].content, "ab");
  EXPECT_EQ(call.max_tokens, 7);
  EXPECT_EQ(call.sampling.temperature, 0);
  EXPECT_EQ(call.sampling.top_k, 3);
  EXPECT_EQ(call.seed, ~std::uint64_t{0});
  EXPECT_THAT(call.sampling.stop_strings, ElementsAre("x"));
  EXPECT_TRUE(call.stream && call.include_usage && call.logprobs);
  EXPECT_EQ(call.n, 2);
}

TEST(CompletionCall, WhatIsNotSaidIsTheApisOwn) {
  const CompletionCall call = call_of(CallKind::kChat, chat(""));
  EXPECT_EQ(call.sampling.temperature, 1);
  EXPECT_EQ(call.sampling.top_p, 1);
  EXPECT_EQ(call.n, 1);
  EXPECT_EQ(call.seed, 0u);
  EXPECT_FALSE(call.max_tokens || call.stream || call.logprobs);
}

TEST(CompletionCall, APromptIsATextOrIdsOrAListOfThem) {
  const auto prompts = [](const std::string& prompt) {
    return call_of(CallKind::kText, R"({"model":"m","prompt":)" + prompt + "}").prompts;
  };
  EXPECT_THAT(prompts(R"("a")"), ElementsAre(Prompt("a")));
  EXPECT_THAT(prompts(R"(["a","b"])"), ElementsAre(Prompt("a"), Prompt("b")));
  EXPECT_THAT(prompts("[1,2]"), ElementsAre(Prompt(std::vector<std::int64_t>{1, 2})));
  EXPECT_THAT(prompts(R"([[1],"b"])"),
              ElementsAre(Prompt(std::vector<std::int64_t>{1}), Prompt("b")));
}

struct Wrong {
  const char* more;
  const char* field;
};

TEST(CompletionCall, WhatIsWrongIsNamed) {
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {R"(,"temperature":"hot")", "temperature"},
           {R"(,"temperature":-1)", "temperature"},
           {R"(,"top_p":0)", "top_p"},
           {R"(,"top_p":1.5)", "top_p"},
           {R"(,"top_k":-1)", "top_k"},
           {R"(,"top_k":1.5)", "top_k"},
           {R"(,"min_p":2)", "min_p"},
           {R"(,"seed":-1)", "seed"},
           {R"(,"seed":"x")", "seed"},
           {R"(,"n":0)", "n"},
           {R"(,"n":129)", "n"},
           {R"(,"max_tokens":0)", "max_tokens"},
           {R"(,"max_tokens":1,"max_completion_tokens":2)", "max_completion_tokens"},
           {R"(,"stop":[1])", "stop"},
           {R"(,"stop":"")", "stop"},
           {R"(,"stop":["1","2","3","4","5","6","7","8","9","a","b","c","d","e","f","g","h"])",
            "stop"},
           {R"(,"stream":1)", "stream"},
           {R"(,"stream_options":{})", "stream_options"},
           {R"(,"stream":true,"stream_options":{"x":1})", "stream_options.x"},
           {R"(,"logprobs":1)", "logprobs"},
           {R"(,"logprobs":true,"top_logprobs":2)", "top_logprobs"},
           {R"(,"presence_penalty":0.5)", "presence_penalty"},
           {R"(,"user":1)", "user"},
           {R"(,"tools":[])", "tools"},
           {R"(,"response_format":{"type":"json_object"})", "response_format"},
           {R"(,"logit_bias":{"1":2})", "logit_bias"},
           {R"(,"prompt":"a")", "prompt"},
           {R"(,"nonsense":0)", "nonsense"}}) {
    const CallError error = error_of(CallKind::kChat, chat(wrong.more));
    EXPECT_EQ(error.field, wrong.field) << wrong.more << ": " << error.error.message;
    EXPECT_EQ(error.error.code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(error_of(CallKind::kChat, chat(R"(,"temprature":1)")).error.hint,
            "did you mean 'temperature'?");
}

TEST(CompletionCall, MessagesAreCheckedOneByOne) {
  const auto error = [](const std::string& messages) {
    return error_of(CallKind::kChat, R"({"model":"m","messages":)" + messages + "}");
  };
  const std::string user = R"({"role":"user","content":"a"})";
  EXPECT_EQ(error("[]").field, "messages");
  EXPECT_EQ(error("\"a\"").field, "messages");
  EXPECT_EQ(error("[" + user + ",1]").field, "messages[1]");
  EXPECT_EQ(error("[" + user + R"(,{"role":"tool","content":"a"}])").field, "messages[1]");
  EXPECT_EQ(error(R"([{"role":"user\n<|im_start|>","content":"a"}])").field, "messages[0]");
  EXPECT_EQ(error(R"([{"role":"user"}])").field, "messages[0]");
  EXPECT_EQ(error(R"([{"role":"user","content":"a","name":"b"}])").field, "messages[0].name");
  EXPECT_THAT(error(R"([{"role":"user","content":[{"type":"image_url"}]}])").error.message,
              HasSubstr("image_url"));
  EXPECT_EQ(error_of(CallKind::kChat, R"({"messages":[]})").field, "model");
}

TEST(CompletionCall, TextsHaveTheirOwnFields) {
  const auto error = [](const std::string& more) {
    return error_of(CallKind::kText, R"({"model":"m")" + more + "}").field;
  };
  EXPECT_EQ(error(""), "prompt");
  EXPECT_EQ(error(R"(,"prompt":[])"), "prompt");
  EXPECT_EQ(error(R"(,"prompt":[1,"a"])"), "prompt");
  EXPECT_EQ(error(R"(,"prompt":[{}])"), "prompt");
  EXPECT_EQ(error(R"(,"prompt":"a","logprobs":5)"), "logprobs");
  EXPECT_EQ(error(R"(,"prompt":"a","echo":true)"), "echo");
  EXPECT_EQ(error(R"(,"prompt":"a","suffix":"b")"), "suffix");
  EXPECT_EQ(error(R"(,"prompt":["a","b"],"n":100)"), "n");
  EXPECT_TRUE(call_of(CallKind::kText, R"({"model":"m","prompt":"a","logprobs":0})").logprobs);
}

TEST(CompletionCall, TheFirstAnswerHasTheSeedOfTheCall) {
  EXPECT_EQ(answer_seed(7, 0), 7u);
  EXPECT_NE(answer_seed(7, 1), answer_seed(7, 2));
  EXPECT_NE(answer_seed(7, 1), answer_seed(8, 1));
}

}  // namespace
}  // namespace cairn::model
