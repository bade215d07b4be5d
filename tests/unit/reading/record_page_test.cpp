#include "core/server/reading/record_page.h"

#include <gmock/gmock.h>

#include "tests/unit/reading/attempt_fixture.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Records : public AttemptFixture {
 protected:
  void SetUp() override {
    AttemptFixture::SetUp();
    store_ = std::make_unique<ContentStore>(folder_ / "store");
  }
  Digest publish(const std::string& text) {
    put(folder_ / "new", text);
    const auto made = store_->publish(folder_ / "new");
    EXPECT_TRUE(made.ok()) << made.error().to_string();
    return made->digest;
  }
  static std::string record(int number, const std::string& more = "") {
    return R"({"id":"r)" + std::to_string(number) + R"(","task":")" +
           (number % 2 == 0 ? "even" : "odd") + R"(","score":)" + std::to_string(number) + more +
           "}\n";
  }
  static std::string records(int count) {
    std::string text;
    for (int number = 0; number < count; ++number) text += record(number);
    return text;
  }
  static RecordPageRequest of(const Digest& digest, const std::string& file = "") {
    RecordPageRequest request;
    request.place = {digest, file};
    return request;
  }
  json::object page(const RecordPageRequest& request) {
    auto found = record_page(indexes_, *store_, request);
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    return found.ok() ? *found : json::object();
  }
  static std::vector<std::string> ids(const json::object& page) {
    std::vector<std::string> all;
    for (const auto& item : page.at("records").as_array())
      all.emplace_back(item.at("record").at("id").as_string());
    return all;
  }

  SteppingClock clock_;
  Indexes indexes_{fs::temp_directory_path(), Indexes::Limits(), clock_};
  std::unique_ptr<ContentStore> store_;
};

TEST_F(Records, ArePagedByCursorAndNumber) {
  RecordPageRequest request = of(publish(records(5000)));
  request.limit = 2;
  const auto first = page(request);
  EXPECT_EQ(first.at("lines"), json::value(5000));
  EXPECT_THAT(ids(first), ElementsAre("r0", "r1"));
  request.cursor = first.at("next").as_string();
  EXPECT_THAT(ids(page(request)), ElementsAre("r2", "r3"));
  EXPECT_EQ(page(request).at("records").at(0).at("number"), json::value(2));
  request.cursor = "";
  for (const std::uint64_t number : {0U, 1023U, 1024U, 3000U}) {
    request.number = number;
    EXPECT_EQ(ids(page(request)).front(), "r" + std::to_string(number));
  }
  request.number = 4999;
  EXPECT_THAT(ids(page(request)), ElementsAre("r4999"));
  EXPECT_TRUE(page(request).at("next").is_null());
  request.number = 5000;
  EXPECT_TRUE(ids(page(request)).empty());
}

TEST_F(Records, AreFoundByIdMemberAndText) {
  RecordPageRequest request =
      of(publish(records(300) + R"({"id":"q\u0075ote","text":"say \"yes\"\nnow","rate":0.5})"
                                "\n"));
  request.limit = 1;
  request.id = "r77";
  const auto by_id = page(request);
  EXPECT_THAT(ids(by_id), ElementsAre("r77"));
  EXPECT_EQ(by_id.at("records").at(0).at("number"), json::value(77));
  request.id = "quote";
  EXPECT_THAT(ids(page(request)), ElementsAre("quote"));
  request.id = "r7777";
  EXPECT_EQ(record_page(indexes_, *store_, request).error().code, ErrorCode::kNotFound);
  request.id = "";
  request.limit = 3;
  request.equal = {{"task", "odd"}};
  EXPECT_THAT(ids(page(request)), ElementsAre("r1", "r3", "r5"));
  request.equal = {{"task", "odd"}, {"score", "5"}};
  EXPECT_THAT(ids(page(request)), ElementsAre("r5"));
  request.equal = {{"rate", "0.5"}};
  EXPECT_THAT(ids(page(request)), ElementsAre("quote"));
  request.equal = {{"task", "neither"}};
  EXPECT_TRUE(ids(page(request)).empty());
  request.equal = {};
  request.text = SearchText{"\"yes\"\nnow"};
  EXPECT_THAT(ids(page(request)), ElementsAre("quote"));
  request.text = SearchText{"R(12|13)\"", true, true};
  EXPECT_THAT(ids(page(request)), ElementsAre("r12", "r13"));
}

TEST_F(Records, ASearchEndsWithItsBudgetAndGoesOn) {
  RecordPageRequest request = of(publish(records(2000)));
  clock_.set_step(Duration(150));
  for (const bool by_id : {false, true}) {
    request.cursor = "";
    request.id = by_id ? "r1999" : "";
    request.equal.clear();
    if (!by_id) request.equal = {{"id", "r1999"}};
    std::vector<std::string> found;
    int calls = 0;
    for (; calls < 500; ++calls) {
      const auto part = page(request);
      for (const auto& id : ids(part)) found.push_back(id);
      if (part.at("next").is_null()) break;
      EXPECT_NE(part.at("next").as_string(), request.cursor);
      request.cursor = part.at("next").as_string();
    }
    EXPECT_THAT(found, ElementsAre("r1999"));
    EXPECT_GT(calls, 10);
  }
}

TEST_F(Records, LongTextsAndListsAreCutAndToBeHadWhole) {
  json::array tokens(100'000, json::value(7));
  const json::object large{{"id", "x"},
                           {"text", std::string(40'000, 'a')},
                           {"a/b", json::object{{"t~", std::string(40'000, 'b')}}},
                           {"tokens", tokens}};
  RecordPageRequest request = of(publish(json::serialize(large) + "\n" + record(1)));
  const auto shown = page(request);
  ASSERT_EQ(shown.at("records").as_array().size(), 2U);
  const auto& first = shown.at("records").at(0).as_object();
  EXPECT_EQ(first.at("record").at("text").as_string().size(), std::size_t{16} << 10);
  EXPECT_EQ(json::serialize(first.at("cut")),
            R"([{"path":"/text","bytes":40000},{"path":"/a~1b/t~0","bytes":40000},)"
            R"({"path":"/tokens","items":100000}])");
  EXPECT_FALSE(shown.at("records").at(1).as_object().contains("cut"));
  const auto whole = whole_record(*store_, request.place, 17);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->at("record"), json::value(large));
  EXPECT_FALSE(whole_record(*store_, request.place, 10'000'000).ok());
}

TEST_F(Records, ARecordOfManyTextsKeepsItsBytes) {
  json::object wide;
  for (int i = 0; i < 500; ++i) wide["k" + std::to_string(i)] = std::string(10'000, 'x');
  const CutRecord cut = cut_record(wide);
  EXPECT_LE(json::serialize(cut.record).size(), std::size_t{128} << 10);
  EXPECT_FALSE(cut.cut.empty());
}

TEST_F(Records, WhatIsNoRecordIsShownAsSuch) {
  RecordPageRequest request =
      of(publish("{\"id\":\"a\"}\r\n\n[1]\n{\"id\":\n\xff\xfe\n" +
                 std::string(kLongestRecord + 10, ' ') + "\n{\"id\":\"z\"}"));
  const auto shown = page(request);
  const auto& list = shown.at("records").as_array();
  ASSERT_EQ(list.size(), 6U);
  EXPECT_EQ(list[0].at("record").at("id"), json::value("a"));
  EXPECT_TRUE(list[1].as_object().contains("error"));
  EXPECT_EQ(list[1].at("number"), json::value(2));
  EXPECT_TRUE(list[2].as_object().contains("error"));
  EXPECT_TRUE(list[3].as_object().contains("error"));
  EXPECT_EQ(list[4].at("bytes"), json::value(kLongestRecord + 10));
  EXPECT_EQ(list[5].at("record").at("id"), json::value("z"));
  EXPECT_EQ(list[5].at("number"), json::value(6));
  request.equal = {{"id", "z"}};
  EXPECT_THAT(ids(page(request)), ElementsAre("z"));
  EXPECT_EQ(whole_record(*store_, request.place, 14).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Records, AnEmptyArtifactHasNone) {
  RecordPageRequest request = of(publish(""));
  const auto empty = page(request);
  EXPECT_EQ(empty.at("lines"), json::value(0));
  EXPECT_TRUE(empty.at("records").as_array().empty());
  EXPECT_TRUE(empty.at("next").is_null());
}

TEST_F(Records, RefuseWhatIsNoDigestCursorOrLimit) {
  RecordPageRequest request = of("sha256:zz");
  EXPECT_EQ(record_page(indexes_, *store_, request).error().code, ErrorCode::kInvalidArgument);
  request.place.digest = digest_of("nothing");
  EXPECT_EQ(record_page(indexes_, *store_, request).error().code, ErrorCode::kNotFound);
  request.place.digest = publish(records(3));
  for (const char* cursor : {"-1", "x", "999999", "1 "}) {
    request.cursor = cursor;
    EXPECT_FALSE(record_page(indexes_, *store_, request).ok()) << cursor;
  }
  request.cursor = "";
  request.limit = 0;
  EXPECT_FALSE(record_page(indexes_, *store_, request).ok());
  request.limit = 1;
  request.place.file = "../../lock";
  EXPECT_EQ(record_page(indexes_, *store_, request).error().code, ErrorCode::kInvalidArgument);
}

class ArtifactFiles : public Records {
 protected:
  // A folder artifact; fill puts files into it.
  template <typename Fill>
  Digest publish_folder(const Fill& fill) {
    const fs::path made = folder_ / "tree";
    fs::create_directories(made);
    fill(made);
    const auto id = store_->publish(made);
    EXPECT_TRUE(id.ok()) << id.error().to_string();
    return id.ok() ? id->digest : Digest();
  }
  json::object list(const ArtifactFilesRequest& request) {
    auto found = artifact_files(*store_, request);
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    return found.ok() ? *found : json::object();
  }
};

TEST_F(ArtifactFiles, AreListedByNameAPageAtATime) {
  const Digest digest = publish_folder([&](const fs::path& folder) {
    put(folder / "b" / "c" / "deep.txt", "12345");
    put(folder / "a.txt", "1");
    put(folder / "rows.jsonl", records(10));
  });
  ArtifactFilesRequest request{digest, "", 2};
  const auto first = list(request);
  EXPECT_EQ(first.at("folder"), json::value(true));
  EXPECT_EQ(json::serialize(first.at("files")),
            R"([{"name":"a.txt","bytes":1},{"name":"b/c/deep.txt","bytes":5}])");
  request.after = first.at("next").as_string();
  const auto second = list(request);
  EXPECT_EQ(second.at("files").at(0).at("name"), json::value("rows.jsonl"));
  EXPECT_TRUE(second.at("next").is_null());
  RecordPageRequest rows = of(digest, "rows.jsonl");
  rows.number = 4;
  rows.limit = 1;
  EXPECT_THAT(ids(page(rows)), ElementsAre("r4"));
  const auto file = open_artifact_file(*store_, digest, "b/c/deep.txt");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(read_range(file->fd.get(), 0, 10).value_or(""), "12345");
  EXPECT_EQ(open_artifact_file(*store_, digest, "none").error().code, ErrorCode::kNotFound);
}

TEST_F(ArtifactFiles, AFolderAsksWhichOfItsFilesIsMeant) {
  const Digest digest = publish_folder([&](const fs::path& folder) {
    put(folder / "b" / "c" / "deep.txt", "12345");
    put(folder / "rows.jsonl", records(10));
  });
  const auto refused = record_page(indexes_, *store_, of(digest));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("`file`"));
  EXPECT_EQ(refused.error().hint, "it has b/c/deep.txt, rows.jsonl");
  for (const auto& error : {whole_record(*store_, {digest, ""}, 0).error(),
                            open_artifact_file(*store_, digest, "").error()})
    EXPECT_EQ(error.to_string(), refused.error().to_string());
  const Error within = open_artifact_file(*store_, digest, "b").error();
  EXPECT_EQ(within.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(within.hint, "it has b/c/deep.txt");
  const Digest many = publish_folder([&](const fs::path& folder) {
    for (int i = 10; i < 30; ++i) put(folder / std::to_string(i), "x");
  });
  EXPECT_EQ(open_artifact_file(*store_, many, "").error().hint,
            "it has 10, 11, 12, 13, 14, 15, 16, 17 and more");
}

TEST_F(ArtifactFiles, OfOneFileIsThatFile) {
  const Digest digest = publish("12345");
  EXPECT_EQ(json::serialize(list({digest, "", 10}).at("files")), R"([{"name":"","bytes":5}])");
  EXPECT_EQ(open_artifact_file(*store_, digest, "")->size, 5U);
  EXPECT_EQ(open_artifact_file(*store_, digest, "x").error().code, ErrorCode::kNotFound);
}

TEST_F(ArtifactFiles, LeadNowhereElse) {
  put(folder_ / "sentinel", "secret");
  const Digest digest = publish_folder([&](const fs::path& folder) { put(folder / "a.txt", "1"); });
  // As a hostile stage would leave it, had publishing let it through.
  const fs::path inside = store_->path(digest);
  fs::permissions(inside, fs::perms::owner_all);
  fs::create_symlink(folder_ / "sentinel", inside / "link");
  fs::create_directory_symlink(folder_, inside / "up");
  for (const char* name : {"link", "up/sentinel", "up"}) {
    const auto refused = open_artifact_file(*store_, digest, name);
    ASSERT_FALSE(refused.ok()) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << name;
    EXPECT_EQ(refused.error().to_string().find(folder_.string()), std::string::npos);
  }
  const auto all = list({digest, "", 10});
  EXPECT_EQ(json::serialize(all.at("files")), R"([{"name":"a.txt","bytes":1}])");
  EXPECT_EQ(all.at("left_out"), json::value(2));
  for (const std::string& name :
       {std::string("../sentinel"), std::string("/etc/passwd"), std::string("a.txt/.."),
        std::string("..\\x"), std::string("a.txt\0b", 7), std::string("%2e%2e/%2e%2e/sentinel"),
        std::string(".")}) {
    EXPECT_FALSE(open_artifact_file(*store_, digest, name).ok()) << name;
  }
  for (const char* id : {"..", "sha256:../../../lock", "", "sha256:", "SHA256:00"})
    EXPECT_EQ(open_artifact_file(*store_, id, "a.txt").error().code, ErrorCode::kInvalidArgument);
  // The whole artifact a link.
  fs::remove_all(inside);
  fs::create_directory_symlink(folder_, inside);
  EXPECT_FALSE(open_artifact_file(*store_, digest, "sentinel").ok());
  EXPECT_FALSE(artifact_files(*store_, {digest, "", 10}).ok());
}

}  // namespace
}  // namespace cairn
