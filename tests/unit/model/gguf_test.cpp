#include "plugins/lib/model/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "plugins/lib/model/float_formats.h"
#include "tests/unit/model/fixtures.h"
#include "tests/unit/model/gguf_builder.h"

namespace cairn::model {
namespace {

using testing::HasSubstr;

// The bytes outlive the file that is read from them.
struct Parsed {
  explicit Parsed(std::string text)
      : bytes(std::move(text)), file(GgufFile::parse(std::as_bytes(std::span(bytes)))) {}
  std::string bytes;
  Result<GgufFile> file;
};

std::vector<float> values_of(const GgufTensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  dequantise(tensor, 0, tensor.elements() / tensor.row_size(), values);
  return values;
}

std::string half_bytes(float value) {
  std::string out;
  GgufBuilder::number(out, f32_to_f16(value));
  return out;
}

// The values of one tensor of a row of that many, from its bytes.
std::vector<float> read_one(std::uint32_t type, std::uint64_t width, std::uint64_t rows,
                            const std::string& data) {
  GgufBuilder file;
  file.tensor("t", {width, rows}, type, data);
  const Parsed parsed(file.bytes());
  EXPECT_TRUE(parsed.file.ok()) << parsed.file.error().to_string();
  if (!parsed.file.ok()) return {};
  const GgufTensor* tensor = parsed.file->find("t");
  EXPECT_EQ(tensor->shape, (std::vector<std::int64_t>{static_cast<std::int64_t>(rows),
                                                      static_cast<std::int64_t>(width)}));
  return values_of(*tensor);
}

TEST(Gguf, PlainFloatsAreReadAsTheyAre) {
  const std::vector<float> values = {1.0F, -2.5F, 0.0F, 65504.0F, -0.25F, 3.0F};
  EXPECT_EQ(read_one(0, 3, 2, f32_bytes(values)), values);
  std::string halves, brains;
  for (const float value : values) halves += half_bytes(value);
  for (const float value : values) GgufBuilder::number(brains, f32_to_bf16(value));
  EXPECT_EQ(read_one(1, 3, 2, halves), values);
  EXPECT_EQ(read_one(30, 3, 2, brains),
            (std::vector<float>{1.0F, -2.5F, 0.0F, 65536.0F, -0.25F, 3.0F}));
}

TEST(Gguf, Q8IsScaleTimesSignedByte) {
  std::string data;
  std::vector<float> expected;
  for (const float scale : {0.5F, -2.0F}) {
    data += half_bytes(scale);
    for (int i = 0; i < 32; ++i) {
      const int q = i * 8 - 128;
      data += static_cast<char>(q);
      expected.push_back(scale * static_cast<float>(q));
    }
  }
  EXPECT_EQ(read_one(8, 32, 2, data), expected);
}

// Low nibbles are the first half of the block.
TEST(Gguf, Q4HasLowNibblesFirst) {
  std::string nibbles;
  for (int i = 0; i < 16; ++i) nibbles += static_cast<char>(i | (15 - i) << 4);
  std::vector<float> with_zero, with_minimum;
  for (int i = 0; i < 32; ++i) {
    const float q = static_cast<float>(i < 16 ? i : 15 - (i - 16));
    with_zero.push_back(0.25F * (q - 8));
    with_minimum.push_back(0.25F * q + -3.0F);
  }
  EXPECT_EQ(read_one(2, 32, 1, half_bytes(0.25F) + nibbles), with_zero);
  EXPECT_EQ(read_one(3, 32, 1, half_bytes(0.25F) + half_bytes(-3.0F) + nibbles), with_minimum);
}

TEST(Gguf, MetadataKeepTheirKinds) {
  GgufBuilder file;
  file.u32("n", 7);
  file.i32("minus", -1);
  file.f32("eps", 1e-5F);
  file.flag("on", true);
  file.text("name", "añ");
  file.texts("list", {"a", "", "c"});
  file.integers("ids", {3, 0, 2});
  const Parsed parsed(file.bytes());
  ASSERT_TRUE(parsed.file.ok()) << parsed.file.error().to_string();
  const GgufFile& read = *parsed.file;
  EXPECT_EQ(read.integer("n").value(), 7);
  EXPECT_EQ(read.number("eps").value(), 1e-5) << "the decimal that was meant";
  EXPECT_TRUE(read.flag("on").value());
  EXPECT_EQ(read.text("name").value(), "añ");
  EXPECT_EQ(read.texts("list").value(), (std::vector<std::string_view>{"a", "", "c"}));
  EXPECT_EQ(read.integers("ids").value(), (std::vector<std::int64_t>{3, 0, 2}));
  EXPECT_THAT(read.integer("minus").error().message, HasSubstr("minus"));
  EXPECT_THAT(read.integer("absent").error().message, HasSubstr("absent is missing"));
  EXPECT_THAT(read.text("n").error().message, HasSubstr("not a text"));
  EXPECT_THAT(read.texts("ids").error().message, HasSubstr("ids"));
  EXPECT_THAT(read.integers("list").error().message, HasSubstr("list"));
}

TEST(Gguf, EveryCutOfAFileIsRefused) {
  const std::string whole = small_llama({.layers = 1, .hidden = 8, .inner = 8}).bytes();
  ASSERT_TRUE(Parsed(whole).file.ok());
  // Every byte of the header, and some of the data.
  for (std::size_t size = 0; size < whole.size(); size += size < 6000 ? 1 : 97) {
    const Parsed cut(whole.substr(0, size));
    ASSERT_FALSE(cut.file.ok()) << size;
  }
  const TempFolder temp;
  const fs::path path = temp.path() / "cut.gguf";
  std::ofstream(path, std::ios::binary) << whole.substr(0, whole.size() - 1);
  const auto cut = GgufFile::open(path);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(cut.error().message, HasSubstr(path.string()));
  EXPECT_THAT(cut.error().message, HasSubstr("output_norm.weight"));
}

struct BadFile {
  const char* what;
  std::function<void(GgufBuilder&)> make;
  const char* says;
};

class BadGguf : public testing::TestWithParam<BadFile> {};

TEST_P(BadGguf, IsRefusedWithTheReason) {
  GgufBuilder file;
  GetParam().make(file);
  const Parsed parsed(file.bytes());
  ASSERT_FALSE(parsed.file.ok());
  EXPECT_THAT(parsed.file.error().to_string(), HasSubstr(GetParam().says));
}

std::string le64(std::uint64_t value) {
  std::string out;
  GgufBuilder::number(out, value);
  return out;
}

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();
const std::string kRow(4 * 32, '\0');

INSTANTIATE_TEST_SUITE_P(
    All, BadGguf,
    testing::Values(
        BadFile{"Version", [](GgufBuilder& f) { f.version = 2; }, "version 2"},
        BadFile{"KeyTwice", [](GgufBuilder& f) { f.u32("k", 1), f.u32("k", 1); }, "stands twice"},
        BadFile{"UnknownKind", [](GgufBuilder& f) { f.raw("k", 13, "x"); }, "unknown kind"},
        BadFile{"TextTooLong", [](GgufBuilder& f) { f.raw("k", 8, le64(kHuge) + "x"); },
                "more than"},
        BadFile{
            "ArrayTooLong",
            [](GgufBuilder& f) { f.raw("k", 9, std::string("\x04\0\0\0", 4) + le64(kHuge / 2)); },
            "more than are left"},
        BadFile{"ArrayOfArrays",
                [](GgufBuilder& f) { f.raw("k", 9, std::string("\x09\0\0\0", 4) + le64(1)); },
                "array of arrays"},
        BadFile{"BoolOverOne", [](GgufBuilder& f) { f.raw("k", 7, "\x02"); }, "bool"},
        BadFile{"NoUtf8Key", [](GgufBuilder& f) { f.u32("\xff", 1); }, "UTF-8"},
        BadFile{
            "Alignment",
            [](GgufBuilder& f) { f.u32("general.alignment", 24), f.tensor("t", {32}, 0, kRow); },
            "power of two"},
        BadFile{"AlignmentZero", [](GgufBuilder& f) { f.u32("general.alignment", 0); },
                "power of two"},
        BadFile{"TensorTwice",
                [](GgufBuilder& f) { f.tensor("t", {32}, 0, kRow), f.tensor("t", {32}, 0, kRow); },
                "\"t\": the name stands twice"},
        BadFile{"NoDimension", [](GgufBuilder& f) { f.tensor("t", {}, 0, kRow); }, "0 dimensions"},
        BadFile{"FiveDimensions",
                [](GgufBuilder& f) {
                  f.tensor("t", {32, 1, 1, 1, 1}, 0, kRow);
                },
                "5 dimensions"},
        BadFile{"ZeroSize",
                [](GgufBuilder& f) {
                  f.tensor("t", {32, 0}, 0, kRow);
                },
                "dimension of 0"},
        BadFile{"ShapeOverflow",
                [](GgufBuilder& f) {
                  f.tensor("t", {1ULL << 40, 1ULL << 40}, 0, kRow);
                },
                "no possible number"},
        BadFile{"BytesOverflow",
                [](GgufBuilder& f) { f.tensor("t", {(1ULL << 62) + 32}, 0, kRow); }, "64 bits"},
        BadFile{"OffsetOverflow", [](GgufBuilder& f) { f.tensor_at("t", {32}, 0, kHuge - 31); },
                "64 bits"},
        BadFile{"OffsetPastTheEnd", [](GgufBuilder& f) { f.tensor_at("t", {32}, 0, 64); },
                "tensor \"t\" ends at byte 192 of"},
        BadFile{"OffsetUnaligned",
                [](GgufBuilder& f) { f.tensor("a", {32}, 0, kRow), f.tensor_at("t", {1}, 0, 4); },
                "tensor \"t\" begins at 4"},
        BadFile{"Overlap",
                [](GgufBuilder& f) { f.tensor("a", {32}, 0, kRow), f.tensor_at("t", {8}, 0, 32); },
                "tensor \"t\" begins at 32"},
        BadFile{"HalfABlock",
                [](GgufBuilder& f) {
                  f.tensor("t", {16, 2}, 3, std::string(20, '\0'));
                },
                "whole blocks of Q4_1"},
        BadFile{"UnreadType",
                [](GgufBuilder& f) { f.tensor("t", {256}, 14, std::string(210, '\0')); },
                "type Q6_K"},
        BadFile{"UnknownType", [](GgufBuilder& f) { f.tensor("t", {256}, 77, kRow); },
                "number 77"}),
    [](const auto& test) { return test.param.what; });

}  // namespace
}  // namespace cairn::model
