#include "core/http/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/http/fixture.h"

namespace cairn::http {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpan = "b7ad6b7169203331";

TEST(Trace, AValidParentIsTaken) {
  const auto trace = parse_traceparent("00-" + kTrace + "-" + kSpan + "-01");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id, kTrace);
  EXPECT_EQ(trace->parent_id, kSpan);
  EXPECT_TRUE(trace->sampled);
  EXPECT_FALSE(parse_traceparent("00-" + kTrace + "-" + kSpan + "-00")->sampled);
  EXPECT_FALSE(parse_traceparent("00-" + kTrace + "-" + kSpan + "-0a")->sampled);
  EXPECT_TRUE(parse_traceparent("00-" + kTrace + "-" + kSpan + "-0b")->sampled);
  EXPECT_TRUE(parse_traceparent("cc-" + kTrace + "-" + kSpan + "-01-what-follows"));
}

TEST(Trace, WhatIsNotExactlyThatFormIsNone) {
  const std::string valid = "00-" + kTrace + "-" + kSpan + "-01";
  for (const std::string& value :
       {std::string(), std::string("00"), valid + "-", valid + "0", valid + " ", " " + valid,
        "ff-" + kTrace + "-" + kSpan + "-01", "0-" + kTrace + "-" + kSpan + "-01",
        "00-" + std::string(32, '0') + "-" + kSpan + "-01",
        "00-" + kTrace + "-" + std::string(16, '0') + "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" + kSpan + "-01",
        "00-" + kTrace + "-" + kSpan + "-0g", "00_" + kTrace + "-" + kSpan + "-01",
        "00-" + kTrace + kSpan + "--01", "cc-" + kTrace + "-" + kSpan + "-01x",
        "00-" + kTrace + "-" + kSpan}) {
    EXPECT_FALSE(parse_traceparent(value)) << value;
  }
  for (std::size_t i = 0; i < valid.size(); ++i)
    EXPECT_FALSE(parse_traceparent(valid.substr(0, i))) << i;
}

TEST(Trace, ARequestGoesOnWithItsTraceOrBeginsOne) {
  RandomStream random(1, "test");
  const std::string valid = "00-" + kTrace + "-" + kSpan + "-01";
  const Trace given = trace_of({{"Traceparent", valid}}, random);
  EXPECT_EQ(given.trace_id, kTrace);
  EXPECT_NE(given.span_id, kSpan);
  EXPECT_EQ(to_traceparent(given), "00-" + kTrace + "-" + given.span_id + "-01");
  std::set<std::string> ids;
  for (const Headers& headers : {Headers{}, Headers{{"traceparent", "x"}},
                                 Headers{{"traceparent", valid}, {"traceparent", valid}}}) {
    const Trace fresh = trace_of(headers, random);
    EXPECT_EQ(fresh.parent_id, "");
    EXPECT_TRUE(parse_traceparent(to_traceparent(fresh)));
    ids.insert(fresh.trace_id);
  }
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_FALSE(ids.contains(kTrace));
}

class TraceOfServer : public ServerTest {};

TEST_F(TraceOfServer, ProblemsNameTheTrace) {
  Box<Answered> answers;
  ServerOptions options;
  options.observer = [&](const Answered& answered) { answers.put(answered); };
  serve(options);
  const std::string header = "traceparent: 00-" + kTrace + "-" + kSpan + "-01\r\n";
  for (const char* path : {"/throws", "/nothing", "/breaks", "/secret", "/json/nan"}) {
    const Reply reply = Client(port()).get(path, header);
    EXPECT_GE(reply.status, 400) << path;
    EXPECT_EQ(reply.json().at("trace_id").as_string(), kTrace) << path;
    EXPECT_EQ(answers.take().trace_id, kTrace);
  }
  const std::string fresh(Client(port()).get("/nothing").json().at("trace_id").as_string());
  EXPECT_EQ(fresh.size(), 32u);
  EXPECT_EQ(answers.take().trace_id, fresh);
}

}  // namespace
}  // namespace cairn::http
