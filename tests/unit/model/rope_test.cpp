#include "plugins/lib/model/rope.h"

#include "tests/unit/model/torch_fixtures.h"

namespace cairn::model {
namespace {

ModelConfig config_of(const json::object& one) {
  ModelConfig config;
  config.head_dim = one.at("head_dim").as_int64();
  config.rope_theta = one.at("theta").to_number<double>();
  if (const json::value* yarn = one.if_contains("yarn")) {
    const json::object& keys = yarn->as_object();
    const auto or_else = [&](const char* key, double otherwise) {
      return keys.contains(key) ? keys.at(key).to_number<double>() : otherwise;
    };
    config.yarn = YarnConfig{};
    config.yarn->factor = or_else("factor", 1);
    config.yarn->original_positions = keys.at("original_max_position_embeddings").as_int64();
    config.yarn->beta_fast = or_else("beta_fast", 32);
    config.yarn->beta_slow = or_else("beta_slow", 1);
    if (keys.contains("attention_factor")) {
      config.yarn->attention_factor = or_else("attention_factor", 1);
    }
  }
  return config;
}

// tests/data/rope: frequencies, YaRN's among them, and angles beyond 128K positions.
TEST(Rope, AnglesAreThoseOfTransformers) {
  const json::object file =
      parse_json_object(read_text(fs::path(CAIRN_SOURCE_DIR "/tests/data/rope/rope.json"))).value();
  for (const json::value& value : file.at("cases").as_array()) {
    const json::object& one = value.as_object();
    const ModelConfig config = config_of(one);
    const at::Tensor found = inverse_frequencies(config);
    const json::array& wanted = one.at("inverse_frequencies").as_array();
    ASSERT_EQ(found.numel(), static_cast<std::int64_t>(wanted.size()));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const double number = wanted[i].to_number<double>();
      EXPECT_NEAR(found[static_cast<std::int64_t>(i)].item<double>(), number, 2e-7 * number);
    }
    EXPECT_NEAR(rotary_scale(config), one.at("scale").to_number<double>(), 1e-12);
    const std::vector<std::int64_t> positions = ids_of(one.at("positions"));
    const std::vector<std::int64_t> pairs = ids_of(one.at("pairs"));
    const RotaryTable table = rotary_table(config, positions.back() + 1, at::kCPU);
    for (std::size_t p = 0; p < positions.size(); ++p) {
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto near = [&](const at::Tensor& angles, const char* key) {
          // One rounding of a frequency moves the angle of a far position by position * 6e-8.
          const double tolerance =
              1e-6 + 1.2e-7 * static_cast<double>(positions[p]) * found[pairs[i]].item<double>();
          EXPECT_NEAR(angles[positions[p]][pairs[i]].item<double>(),
                      one.at(key).at(p).at(i).to_number<double>(), tolerance)
              << key << " of position " << positions[p];
        };
        near(table.cosines, "cosines");
        near(table.sines, "sines");
      }
    }
  }
}

}  // namespace
}  // namespace cairn::model
