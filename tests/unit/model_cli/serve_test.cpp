// What is answered: the same as by `cairn-model generate`, in OpenAI's shapes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/base/text.h"
#include "tests/unit/model_cli/served_process.h"

namespace cairn::model {
namespace {

using ::testing::IsEmpty;

const json::object& choice(const json::object& answer, std::size_t index = 0) {
  return answer.at("choices").as_array().at(index).as_object();
}
std::string text_of(const json::object& answer, std::size_t index = 0) {
  const json::object& one = choice(answer, index);
  const json::value* message = one.if_contains("message");
  return std::string(message != nullptr ? message->as_object().at("content").as_string()
                                        : one.at("text").as_string());
}

// What the command says to the same question.
json::object generated(const SmallModel& model, const json::object& line) {
  const Ended ended = run_cairn_model(
      {"generate", "--model", model.folder().string(), "--threads", "1"}, json::serialize(line));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  return parse_json_object(ended.out).value();
}

TEST(ModelServe, AnswersWhatGenerateAnswers) {
  const SmallModel model;
  const ServedProcess server(model);
  for (const double temperature : {0.0, 1.0}) {
    const json::object expected = generated(
        model,
        {{"messages", json::array{json::object{{"role", "user"}, {"content", "Who is there?"}}}},
         {"max_new_tokens", 24},
         {"temperature", temperature},
         {"top_p", 0.9},
         {"seed", 5}});
    const json::object answer = server.chat("Who is there?", {{"max_tokens", 24},
                                                              {"temperature", temperature},
                                                              {"top_p", 0.9},
                                                              {"seed", 5},
                                                              {"logprobs", true}});
    EXPECT_EQ(text_of(answer), expected.at("text").as_string());
    EXPECT_EQ(choice(answer).at("finish_reason"), expected.at("finish_reason"));
    const json::array& content = choice(answer).at("logprobs").as_object().at("content").as_array();
    const json::array& logprobs = expected.at("logprobs").as_array();
    ASSERT_EQ(content.size(), logprobs.size());
    for (std::size_t i = 0; i < content.size(); ++i) {
      // The command computes in no company and without batch_invariant: within rounding.
      EXPECT_NEAR(content[i].as_object().at("logprob").to_number<double>(),
                  logprobs[i].to_number<double>(), 1e-4);
    }
    EXPECT_EQ(answer.at("usage").as_object().at("completion_tokens").as_int64(),
              static_cast<std::int64_t>(logprobs.size()));
    EXPECT_EQ(answer.at("object"), "chat.completion");
  }
}

TEST(ModelServe, TextsAreContinuedFromTextOrIds) {
  const SmallModel model;
  const ServedProcess server(model);
  const std::string prompt = "Cairn runs a graph of stages";
  const json::object expected = generated(
      model, {{"text", prompt}, {"max_new_tokens", 16}, {"temperature", 0.8}, {"seed", 3}});
  const json::object rest = {{"temperature", 0.8}, {"seed", 3}};
  json::object by_text = rest, by_ids = rest, by_list = rest;
  by_text["prompt"] = prompt;
  const Ended ids = run_cairn_model({"tokenize", "--model", model.folder().string()},
                                    json::serialize(json::object{{"text", prompt}}));
  by_ids["prompt"] = parse_json_object(ids.out).value().at("ids");
  by_list["prompt"] = json::array{"Another prompt", prompt};
  const json::object answer = server.complete(by_text);
  EXPECT_EQ(text_of(answer), expected.at("text").as_string()) << "16 tokens, where nothing is said";
  EXPECT_EQ(text_of(server.complete(by_ids)), text_of(answer));
  EXPECT_EQ(text_of(server.complete(by_list), 1), text_of(answer));
  EXPECT_EQ(answer.at("usage").as_object().at("prompt_tokens").as_int64(),
            static_cast<std::int64_t>(by_ids.at("prompt").as_array().size()));
}

TEST(ModelServe, AnAnswerIsTheSameInAnyCompany) {
  const SmallModel model;
  const ServedProcess server(model);
  const json::object question = {
      {"prompt", "The engine is"}, {"max_tokens", 60}, {"seed", 11}, {"logprobs", 0}};
  const json::object alone = server.complete(question);
  std::vector<std::thread> others;
  std::vector<json::object> together(12);
  for (std::size_t i = 0; i < together.size(); ++i) {
    others.emplace_back([&, i] {
      json::object body = question;
      if (i % 3 != 0) body["prompt"] = "Company number " + std::to_string(i) + " says";
      together[i] = server.complete(body);
    });
  }
  for (std::thread& other : others) other.join();
  for (std::size_t i = 0; i < together.size(); i += 3) {
    EXPECT_EQ(together[i].at("choices"), alone.at("choices")) << "to the last bit";
  }
}

TEST(ModelServe, SeveralAnswersDifferAndTheFirstIsTheOne) {
  const SmallModel model;
  const ServedProcess server(model);
  json::object body = {{"prompt", "The engine is"}, {"max_tokens", 12}, {"seed", 4}};
  const std::string one = text_of(server.complete(body));
  body["n"] = 3;
  const json::object three = server.complete(body);
  ASSERT_EQ(three.at("choices").as_array().size(), 3u);
  EXPECT_EQ(text_of(three, 0), one);
  EXPECT_NE(text_of(three, 1), text_of(three, 2));
  EXPECT_EQ(choice(three, 2).at("index").as_int64(), 2);
}

TEST(ModelServe, StopStringsEndTheText) {
  const SmallModel model;
  const ServedProcess server(model);
  json::object body = {{"prompt", "The engine is"}, {"max_tokens", 80}, {"temperature", 0}};
  const std::string whole = text_of(server.complete(body));
  ASSERT_GT(whole.size(), 20u);
  // Two letters from behind its middle that are no bytes of broken characters.
  const auto plain = [](char c) { return c >= ' ' && c < 0x7f; };
  std::size_t at = whole.size() / 2;
  while (at + 2 < whole.size() && !(plain(whole[at]) && plain(whole[at + 1]))) ++at;
  ASSERT_LT(at + 2, whole.size());
  const std::string stop = whole.substr(at, 2);
  body["stop"] = json::array{"this is never said, and too long", stop};
  const json::object cut = server.complete(body);
  EXPECT_EQ(text_of(cut), whole.substr(0, whole.find(stop)));
  EXPECT_EQ(choice(cut).at("finish_reason"), "stop");
}

TEST(ModelServe, AStreamIsTheWholeAnswerInPieces) {
  const SmallModel model;
  const ServedProcess server(model);
  for (const bool logprobs : {false, true}) {
    json::object more = {{"max_tokens", 200}, {"seed", 9}, {"n", 2}, {"logprobs", logprobs}};
    const json::object whole = server.chat("Hello", more);
    more["stream"] = true;
    more["stream_options"] = json::object{{"include_usage", true}};
    more["messages"] = json::array{json::object{{"role", "user"}, {"content", "Hello"}}};
    const http::Reply reply = server.post("/v1/chat/completions", more);
    EXPECT_EQ(reply.header("Content-Type"), "text/event-stream");
    std::vector<std::string> texts(2);
    std::vector<json::value> finish(2);
    const auto events = events_of(reply.body);
    for (const json::object& event : events) {
      EXPECT_EQ(event.at("object"), "chat.completion.chunk");
      EXPECT_EQ(event.at("id"), events[0].at("id"));
      if (event.at("choices").as_array().empty()) {
        EXPECT_EQ(event.at("usage"), whole.at("usage"));
        continue;
      }
      const json::object& piece = choice(event);
      const auto index = static_cast<std::size_t>(piece.at("index").as_int64());
      if (!piece.at("finish_reason").is_null()) finish[index] = piece.at("finish_reason");
      const json::value* content = piece.at("delta").as_object().if_contains("content");
      if (content == nullptr) continue;
      EXPECT_TRUE(is_valid_utf8(content->as_string()));
      texts[index] += content->as_string();
    }
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(texts[i], text_of(whole, i));
      EXPECT_EQ(finish[i], choice(whole, i).at("finish_reason"));
    }
    EXPECT_TRUE(events.back().contains("usage"));
  }
}

TEST(ModelServe, SaysWhatItServes) {
  const SmallModel model;
  const ServedProcess server(model, {"--name", "org-small"});
  EXPECT_EQ(server.ready().at("model"), "org-small");
  http::Client client(server.port());
  EXPECT_EQ(client.get("/healthz").body, R"({"status":"ok"})");
  const json::object list = client.get("/v1/models").json();
  const json::object& entry = list.at("data").as_array().at(0).as_object();
  EXPECT_EQ(entry.at("id"), "org-small");
  EXPECT_EQ(client.get("/v1/models/org-small").json(), entry);
  EXPECT_EQ(client.get("/v1/models/other").status, 404);
}

struct Refused {
  const char* path;
  const char* body;
  int status;
  const char* param;
};

TEST(ModelServe, ErrorsHaveOpenAisShape) {
  const SmallModel model;
  const ServedProcess server(model);
  const std::string long_prompt(100'000, 'x');
  const std::string too_long = R"({"model":"small","prompt":")" + long_prompt + "\"}";
  for (const Refused& refused : std::initializer_list<Refused>{
           {"/v1/completions", R"({"model":"small","prompt":"a","temperature":"hot"})", 400,
            "temperature"},
           {"/v1/completions", R"({"model":"other","prompt":"a"})", 404, "model"},
           {"/v1/completions", R"({"model":"small","prompt":""})", 400, nullptr},
           {"/v1/completions", R"({"model":"small","prompt":[999999]})", 400, nullptr},
           {"/v1/completions", too_long.c_str(), 400, nullptr},
           {"/v1/completions", "{", 400, nullptr},
           {"/v1/completions", "[]", 400, nullptr},
           {"/v1/chat/completions",
            R"({"model":"small","messages":[{"role":"user","content":"a"}],"tools":[]})", 400,
            "tools"},
           {"/v1/nothing", "{}", 404, nullptr},
           {"/healthz", "{}", 405, nullptr}}) {
    http::Client client(server.port());
    client.post(refused.path, refused.body);
    const http::Reply reply = client.reply();
    EXPECT_EQ(reply.status, refused.status) << reply.body;
    const json::object error = reply.json().at("error").as_object();
    EXPECT_EQ(error.at("type"), "invalid_request_error");
    EXPECT_FALSE(error.at("message").as_string().empty());
    EXPECT_EQ(error.at("param"),
              refused.param != nullptr ? json::value(refused.param) : json::value(nullptr));
    EXPECT_TRUE(error.contains("code"));
  }
  EXPECT_THAT(
      text_of(server.complete({{"prompt", "a"}, {"max_tokens", 1}, {"stop", json::array()}})),
      ::testing::Not(::testing::HasSubstr("error")));
}

TEST(ModelServe, AnErrorBeforeTheFirstTokenHasItsStatusInAStreamToo) {
  const SmallModel model;
  const ServedProcess server(model);
  const http::Reply reply =
      server.post("/v1/completions", {{"prompt", std::string(100'000, 'x')}, {"stream", true}});
  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(reply.json().contains("error"));
}

}  // namespace
}  // namespace cairn::model
