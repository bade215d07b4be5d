#include "core/http/range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::http {
namespace {

std::string range_of(const std::string& header, std::uint64_t size) {
  const auto range = parse_range(header, size);
  if (!range.ok()) return "none";
  if (!*range) return "whole";
  return std::to_string((*range)->offset) + "+" + std::to_string((*range)->length);
}

TEST(Range, AsksForBytesThatAreThere) {
  EXPECT_EQ(range_of("bytes=0-9", 100), "0+10");
  EXPECT_EQ(range_of("bytes=90-", 100), "90+10");
  EXPECT_EQ(range_of("bytes=-10", 100), "90+10");
  EXPECT_EQ(range_of("bytes=-1000", 100), "0+100");
  EXPECT_EQ(range_of("bytes=99-1000", 100), "99+1");
  EXPECT_EQ(range_of("Bytes=5-5", 100), "5+1");
  EXPECT_EQ(range_of("bytes=0-99999999999999999999999", 100), "0+100");
}

TEST(Range, NoByteOfItIsThere) {
  EXPECT_EQ(range_of("bytes=100-", 100), "none");
  EXPECT_EQ(range_of("bytes=-0", 100), "none");
  EXPECT_EQ(range_of("bytes=0-0", 0), "none");
  EXPECT_EQ(range_of("bytes=99999999999999999999999-", 100), "none");
}

TEST(Range, WhatIsNoRangeIsTheWhole) {
  for (const char* header : {"", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b",
                             "bytes=1-2,4-5", "lines=1-2", "bytes=+1-2", "bytes=1--2"}) {
    EXPECT_EQ(range_of(header, 100), "whole") << header;
  }
}

Response asked(Headers headers) {
  Request request;
  request.headers = std::move(headers);
  return file_response(request, {nullptr, 1000, 100}, "\"tag\"", "text/plain");
}

TEST(Range, APartOfAFileSaysWhichItIs) {
  const Response part = asked({{"Range", "bytes=10-19"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.headers.find("Content-Range"), "bytes 10-19/100");
  EXPECT_EQ(std::get<FileSlice>(part.body).offset, 1010u);
  EXPECT_EQ(std::get<FileSlice>(part.body).length, 10u);
  const Response none = asked({{"Range", "bytes=100-"}});
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(none.headers.find("Content-Range"), "bytes */100");
}

TEST(Range, AFileThatTheClientHasIsNotSentAgain) {
  EXPECT_EQ(asked({{"If-None-Match", "\"other\", W/\"tag\""}}).status, 304);
  EXPECT_EQ(asked({{"If-None-Match", "*"}}).status, 304);
  EXPECT_EQ(asked({{"If-None-Match", "\"other\""}}).status, 200);
  EXPECT_EQ(asked({{"Range", "bytes=0-1"}, {"If-Range", "\"tag\""}}).status, 206);
  EXPECT_EQ(asked({{"Range", "bytes=0-1"}, {"If-Range", "\"old\""}}).status, 200);
}

}  // namespace
}  // namespace cairn::http
