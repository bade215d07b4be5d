// Artifact kinds: streaming readers and writers, validators that notice what is wrong, previews.
#include "core/sdk/kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Pair {
  std::string chosen;
  std::string rejected;
  double margin = 0.5;
  static auto fields() {
    return std::tuple(field("chosen", &Pair::chosen, "The better one", Required{}),
                      field("rejected", &Pair::rejected, "The worse one", Required{}),
                      field("margin", &Pair::margin, "By how much"));
  }
};
struct Pairs : JsonLines<Pair> {
  static constexpr const char* kName = "acme.pairs";
  static constexpr const char* kDoc = "Answers to compare";
};

class Kinds : public ::testing::Test {
 protected:
  Kinds() : folder_(make_private_folder(fs::temp_directory_path(), "cairn-kinds-").value()) {}
  ~Kinds() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, std::string_view text) const {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  static std::string verdict(const Result<void>& result) {
    return result.ok() ? "fine" : result.error().to_string();
  }

  const fs::path folder_;
};

TEST_F(Kinds, OfAPluginIsReadAndWrittenByItsFields) {
  const fs::path file = folder_ / "pairs";
  auto writer = Pairs::Writer::create(file);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->write({"good", "bad", 0.25}).ok());
  EXPECT_FALSE(fs::exists(file)) << "a file that is not closed is not there";
  ASSERT_TRUE(writer->close().ok());
  std::ofstream(file, std::ios::app) << "\n{\"chosen\":\"x\",\"rejected\":\"y\",\"later\":1}\r\n";
  auto reader = Pairs::Reader::open(file);
  ASSERT_TRUE(reader.ok());
  const auto first = reader->next();
  EXPECT_EQ((*first)->margin, 0.25);
  const auto second = reader->next();
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ((*second)->chosen, "x");
  EXPECT_EQ((*second)->margin, 0.5);
  EXPECT_FALSE(*reader->next());
  EXPECT_TRUE(Pairs::validate(file).ok());
}

TEST_F(Kinds, AWrongLineIsNamed) {
  const fs::path missing =
      write("a", "{\"chosen\":\"x\",\"rejected\":\"y\"}\n{\"chosen\":\"x\"}\n");
  EXPECT_EQ(verdict(Pairs::validate(missing)),
            missing.string() + ":2:1: the record needs 'rejected' (The worse one)");
  const fs::path cut = write("b", "{\"chosen\":\"x\",\"rejected\":\"y\"}\n{\"chosen\":\"x\",\"re");
  EXPECT_THAT(verdict(Pairs::validate(cut)), HasSubstr(":2:1: the last line has no end"));
  EXPECT_THAT(verdict(Pairs::validate(write("c", "[1]\n"))), HasSubstr(":1:1:"));
  EXPECT_THAT(verdict(Pairs::validate(write("d", "{\"chosen\":\"\xff\"}\n"))), HasSubstr(":1:1:"));
  EXPECT_THAT(verdict(Pairs::validate(folder_ / "none")), HasSubstr("No such file"));
  EXPECT_EQ(verdict(Pairs::validate(write("e", ""))), "fine");
}

TEST_F(Kinds, LinesAreReadAcrossChunks) {
  std::string text;
  for (int i = 0; i < 3; ++i) text += std::string(200'000, static_cast<char>('a' + i)) + "\n";
  auto reader = LineReader::open(write("long", text + "end"));
  ASSERT_TRUE(reader.ok());
  for (int i = 0; i < 3; ++i) {
    const auto line = reader->next();
    ASSERT_TRUE(line.ok() && *line);
    EXPECT_EQ((*line)->size(), 200'000u);
    EXPECT_EQ((*line)->front(), 'a' + i);
    EXPECT_TRUE(reader->complete());
  }
  EXPECT_EQ(**reader->next(), "end");
  EXPECT_FALSE(reader->complete());
  EXPECT_EQ(reader->number(), 4);
  EXPECT_FALSE(*reader->next());
}

TEST_F(Kinds, ATableHasPlainValues) {
  EXPECT_TRUE(kind::Table::validate(write("t", "{\"a\":1,\"b\":\"x\"}\n")).ok());
  EXPECT_THAT(verdict(kind::Table::validate(write("u", "{\"a\":[1]}\n"))), HasSubstr("'a' holds"));
  EXPECT_TRUE(
      kind::Metrics::validate(write("m", "{\"name\":\"l\",\"step\":1,\"value\":2}\n")).ok());
  EXPECT_FALSE(kind::Metrics::validate(write("n", "{\"name\":\"l\",\"step\":1}\n")).ok());
  EXPECT_TRUE(kind::Scores::validate(write("s", "{\"id\":\"a\",\"score\":1,\"x\":[]}\n")).ok());
}

TEST_F(Kinds, AModelIsSafetensorsAndNothingElse) {
  const fs::path model = folder_ / "model";
  write("model/config.json", "{}");
  EXPECT_THAT(verdict(kind::Model::validate(model)), HasSubstr("no safetensors file"));
  const std::string header = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  file += header + "1234";
  write("model/model.safetensors", file);
  EXPECT_EQ(verdict(kind::Model::validate(model)), "fine");
  write("model/model.safetensors", file.substr(0, file.size() - 1));
  EXPECT_THAT(verdict(kind::Model::validate(model)), HasSubstr("has 3 bytes of tensors"));
  write("model/model.safetensors", "\x80\x02}q\x01X a pickle");
  EXPECT_THAT(verdict(kind::Model::validate(model)), HasSubstr("is no safetensors file"));
  write("model/model.safetensors", file);
  write("model/pytorch_model.bin", "PK");
  EXPECT_THAT(verdict(kind::Model::validate(model)), HasSubstr("may hold code"));
}

TEST_F(Kinds, FoldersNeedTheirFiles) {
  const fs::path folder = folder_ / "f";
  fs::create_directory(folder);
  EXPECT_THAT(verdict(kind::Tokenizer::validate(folder)), HasSubstr("no tokenizer.json"));
  EXPECT_THAT(verdict(kind::Rollouts::validate(folder)), HasSubstr("no steps.jsonl"));
  EXPECT_THAT(verdict(kind::Report::validate(folder)), HasSubstr("no index.html"));
  EXPECT_THAT(verdict(kind::Directory::validate(write("file", ""))), HasSubstr("is a file"));
  EXPECT_TRUE(kind::Report::validate(write("report.json", "{}")).ok());
  const auto writer = FolderWriter::create(folder_ / "made");
  auto inner = writer->create_file("a/b.txt");
  ASSERT_TRUE(inner->write("text").ok() && inner->close().ok());
  const auto reader = FolderReader::open(folder_ / "made");
  EXPECT_THAT(reader->files(), ElementsAre("a/b.txt"));
}

TEST_F(Kinds, ShowTheFirstRows) {
  const fs::path rows = write("rows", "{\"a\":1,\"b\":\"\\u001b[31m\"}\n{\"b\":[2]}\n{\"a\":3}\n");
  const auto preview = kind::Table::preview(rows, 2);
  ASSERT_TRUE(preview.ok());
  EXPECT_THAT(preview->columns, ElementsAre("a", "b"));
  EXPECT_THAT(preview->rows[0], ElementsAre("1", "\\x1b[31m"));
  EXPECT_THAT(preview->rows[1], ElementsAre("", "[2]"));
  EXPECT_TRUE(preview->more);
}

TEST_F(Kinds, AreKnownByName) {
  EXPECT_EQ(common_kinds().size(), 13u);
  ASSERT_NE(find_common_kind("model"), nullptr);
  EXPECT_TRUE(find_common_kind("model")->folder);
  EXPECT_EQ(find_common_kind("acme.pairs"), nullptr);
  for (const KindDecl& kind : common_kinds()) {
    EXPECT_FALSE(kind.doc.empty()) << kind.name;
    const auto read = kind_decl_from_json(to_json(kind));
    EXPECT_TRUE(read.ok() && *read == kind);
  }
}

}  // namespace
}  // namespace cairn
