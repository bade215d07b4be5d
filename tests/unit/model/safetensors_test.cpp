#include "plugins/lib/model/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>

#include "core/base/text.h"
#include "plugins/lib/model/float_formats.h"
#include "tests/unit/model/fixtures.h"

namespace cairn::model {
namespace {

std::string hex(std::span<const std::byte> bytes) {
  std::string out;
  for (const std::byte b : bytes) {
    out += "0123456789abcdef"[std::to_integer<int>(b) >> 4];
    out += "0123456789abcdef"[std::to_integer<int>(b) & 15];
  }
  return out;
}

void expect_same_tensors(const SafetensorsFile& file, const json::object& expected) {
  EXPECT_EQ(file.tensors().size(), expected.size());
  for (const auto& [name, value] : expected) {
    const TensorView* tensor = file.find(name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(to_string(tensor->dtype), std::string(value.at("dtype").as_string()));
    EXPECT_EQ(tensor->shape, ids_of(value.at("shape")));
    EXPECT_EQ(hex(tensor->data), std::string(value.at("bytes_hex").as_string()));
  }
}

TEST(Safetensors, VerdictsOfTheReference) {
  const fs::path folder = fixtures() / "safetensors";
  const json::value index = parse_json(read_text(folder / "index.json")).value();
  for (const json::value& entry : index.as_array()) {
    const std::string name(entry.at("file").as_string());
    SCOPED_TRACE(name);
    const auto file = SafetensorsFile::open(folder / name);
    const std::string advice = entry.as_object().contains("advice")
                                   ? std::string(entry.at("advice").as_string())
                                   : std::string();
    if (advice.starts_with("either")) {
      continue;  // must only come back
    }
    const bool accept = entry.at("accepted").as_bool() && !advice.starts_with("reject");
    ASSERT_EQ(file.ok(), accept) << (file.ok() ? "accepted" : file.error().to_string());
    if (!accept) {
      EXPECT_NE(file.error().message.find(name), std::string::npos);
      continue;
    }
    expect_same_tensors(*file, entry.at("tensors").as_object());
    const json::value& metadata = entry.at("metadata");
    EXPECT_EQ(file->metadata().size(), metadata.is_null() ? 0 : metadata.as_object().size());
    for (const auto& [key, value] : file->metadata()) {
      EXPECT_EQ(value, std::string(metadata.at(key).as_string()));
    }
  }
}

TEST(Safetensors, EveryCutOfAFileIsRefused) {
  const TempFolder temp;
  const std::string whole = read_text(fixtures() / "safetensors" / "valid.all_sizes.safetensors");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const fs::path cut = temp.path() / "cut";
    std::ofstream(cut, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    EXPECT_FALSE(SafetensorsFile::open(cut).ok()) << size;
  }
}

// What Python pickles, under the name of what is no program: by itself, and as torch.save does it.
TEST(Safetensors, APickleOfThatNameIsRefusedAndTheErrorSaysHowToConvertIt) {
  const TempFolder temp;
  const fs::path path = temp.path() / "model.safetensors";
  const fs::path proof = temp.path() / "ran";
  const std::string reduce =
      "cposix\nsystem\n(S'touch " + proof.string() + "'\ntR.";  // os.system, when it is loaded
  for (const std::string& bytes :
       {"\x80\x02" + reduce, "\x80\x04" + reduce, "\x80\x05" + reduce,
        std::string("PK\x03\x04\x00\x00\x08\x08", 8) + "archive/data.pkl" + reduce}) {
    std::ofstream(path, std::ios::binary) << bytes;
    const auto file = SafetensorsFile::open(path);
    ASSERT_FALSE(file.ok());
    EXPECT_NE(file.error().message.find("model.safetensors"), std::string::npos);
    EXPECT_NE(file.error().hint.find("pickled"), std::string::npos) << file.error().to_string();
    EXPECT_NE(file.error().hint.find("save_file"), std::string::npos);
    EXPECT_FALSE(Weights::open(temp.path()).ok()) << "no fallback";
  }
  EXPECT_FALSE(fs::exists(proof));
  // A broken file of tensors is no such thing.
  std::ofstream(path, std::ios::binary) << std::string("\x02\0\0\0\0\0\0\0[]", 10);
  EXPECT_EQ(SafetensorsFile::open(path).error().hint.find("pickled"), std::string::npos);
}

TEST(Safetensors, WritesWhatItReads) {
  const TempFolder temp;
  const fs::path path = temp.path() / "w.safetensors";
  const std::vector<float> values = {1.0F, -2.5F, 0.1F, 65504.0F};
  {
    auto writer = SafetensorsWriter::create(
        path, {{"a", Dtype::kF32, {2, 2}}, {"b", Dtype::kBf16, {4}}, {"c", Dtype::kF16, {4, 1}}});
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->write_f32("a", values).ok());
    EXPECT_FALSE(writer->write_f32("c", values).ok()) << "out of order";
  }
  auto writer = SafetensorsWriter::create(
      path, {{"a", Dtype::kF32, {2, 2}}, {"b", Dtype::kBf16, {4}}, {"c", Dtype::kF16, {4, 1}}});
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->write_f32("a", values).ok());
  ASSERT_TRUE(writer->write_f32("b", values).ok());
  EXPECT_FALSE(writer->finish().ok()) << "c is missing";
  ASSERT_TRUE(writer->write_f32("c", values).ok());
  ASSERT_TRUE(writer->finish().ok());
  const auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  EXPECT_EQ(to_f32(*file->find("a")).value(), values);
  EXPECT_EQ(to_f32(*file->find("c")).value(),
            (std::vector<float>{1.0F, -2.5F, 0.0999755859375F, 65504.0F}));
  EXPECT_EQ(to_f32(*file->find("b")).value(),
            (std::vector<float>{1.0F, -2.5F, 0.10009765625F, 65536.0F}));
  const std::string bytes = read_text(path);
  EXPECT_EQ(static_cast<unsigned char>(bytes[0]) % 8, 0) << "the header is padded";
}

// Every float16 goes to float32 and back unchanged; halves between two neighbours round to even.
TEST(FloatFormats, Float16RoundsToNearestEven) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = f16_to_f32(half);
    if (std::isnan(value)) continue;
    EXPECT_EQ(f32_to_f16(value), half);
    if ((bits & 0x7fffU) >= 0x7bffU) continue;
    const float next = f16_to_f32(static_cast<std::uint16_t>(bits + 1));
    const float middle = (value + next) / 2;
    EXPECT_EQ(f32_to_f16(middle) & 1, 0) << bits;
    EXPECT_EQ(f32_to_f16(std::nextafter(middle, next)), bits + 1);
    EXPECT_EQ(f32_to_f16(std::nextafter(middle, value)), half);
  }
  EXPECT_EQ(f32_to_f16(65519.0F), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0F), 0x7c00);
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::numeric_limits<float>::quiet_NaN()))));
}

}  // namespace
}  // namespace cairn::model
