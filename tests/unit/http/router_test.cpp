#include "core/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/target.h"

namespace cairn::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Route route(Method method, const std::string& pattern) {
  return {method, pattern, Access::open(), [](const Request&) { return Response{}; }};
}

Router table() {
  return Router::create({route(Method::kGet, "/runs/{id}"), route(Method::kGet, "/runs/latest"),
                         route(Method::kPost, "/runs"), route(Method::kGet, "/runs"),
                         route(Method::kDelete, "/runs/{id}"), route(Method::kGet, "/"),
                         route(Method::kGet, "/assets/{path...}")},
                        Access::open())
      .value();
}

std::string pattern_of(const Router& router, Method method, const std::string& path) {
  const auto found = router.match(method, parse_target(path).value().parts);
  if (const auto* match = std::get_if<Router::Match>(&found)) return match->route->pattern;
  if (const auto* other = std::get_if<Router::NoMethod>(&found)) return "not " + other->allow;
  return "none";
}

TEST(Router, MatchesWholePathsOnly) {
  const Router router = table();
  EXPECT_EQ(pattern_of(router, Method::kGet, "/"), "/");
  EXPECT_EQ(pattern_of(router, Method::kGet, "/runs"), "/runs");
  for (const char* path : {"/runs/", "/runs//", "//runs", "/run", "/runs/a/b", "/x/runs", "/Runs",
                           "/runs;x", "/assets", "/assets/", "/assets/a//b"}) {
    EXPECT_EQ(pattern_of(router, Method::kGet, path), "none") << path;
  }
}

TEST(Router, ALiteralPartGoesBeforeAValue) {
  const Router router = table();
  EXPECT_EQ(pattern_of(router, Method::kGet, "/runs/latest"), "/runs/latest");
  EXPECT_EQ(pattern_of(router, Method::kDelete, "/runs/latest"), "/runs/{id}");
  EXPECT_EQ(pattern_of(router, Method::kGet, "/runs/x"), "/runs/{id}");
  EXPECT_EQ(pattern_of(router, Method::kGet, "/assets/a/b.js"), "/assets/{path...}");
}

TEST(Router, GivesTheValuesOfTheParts) {
  const Router router = table();
  const auto found = router.match(Method::kGet, {"assets", "a", "b.js"});
  EXPECT_THAT(std::get<Router::Match>(found).values, ElementsAre(Pair("path", "a/b.js")));
}

TEST(Router, AnotherMethodIsToldWhatThereIs) {
  const Router router = table();
  EXPECT_EQ(pattern_of(router, Method::kPut, "/runs"), "not GET, HEAD, POST");
  EXPECT_EQ(pattern_of(router, Method::kPost, "/runs/x"), "not GET, HEAD, DELETE");
  EXPECT_EQ(pattern_of(router, Method::kHead, "/runs/x"), "/runs/{id}");
}

TEST(Router, RefusesTablesThatMeanTwoThings) {
  const auto refusal = [](std::vector<Route> routes) {
    const auto made = Router::create(std::move(routes), Access::open());
    return made.ok() ? "" : made.error().message;
  };
  EXPECT_THAT(refusal({route(Method::kGet, "/a/{x}"), route(Method::kGet, "/a/{y}")}),
              HasSubstr("two routes"));
  for (const char* pattern : {"a", "/{}", "/{a", "/x{a}", "/{a}/{a}", "/{a...}/b", "/{...}"}) {
    EXPECT_NE(refusal({route(Method::kGet, pattern)}), "") << pattern;
  }
  EXPECT_EQ(refusal({route(Method::kGet, "/a/{x}"), route(Method::kPost, "/a/{y}")}), "");
}

}  // namespace
}  // namespace cairn::http
