#include "plugins/lib/model/kv_cache.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/base/random.h"
#include "plugins/lib/model/cached_forward.h"
#include "plugins/lib/model/linear.h"
#include "plugins/lib/model/paged_attention.h"
#include "tests/unit/model/generation_model.h"

namespace cairn::model {
namespace {

ModelConfig small_config() {
  ModelConfig config;
  config.layers = 1;
  config.heads = 6;
  config.kv_heads = 2;
  config.head_dim = 24;
  return config;
}

std::vector<std::int64_t> counting(std::int64_t first) {
  std::vector<std::int64_t> tokens;
  for (std::int64_t i = 0; i < kBlockTokens; ++i) tokens.push_back(first + i);
  return tokens;
}

TEST(KvCache, BlocksAreFoundByWhatTheyHoldWhileSomeoneHoldsThem) {
  KvCache sized(small_config(), at::kFloat, 1);
  EXPECT_EQ(sized.block_bytes(), 2 * 2 * 24 * kBlockTokens * 4);
  EXPECT_EQ(sized.capacity(), 0);
  KvCache cache(small_config(), at::kFloat, 3 * sized.block_bytes() + 1);
  ASSERT_EQ(cache.capacity(), 3);
  cache.reserve(3);
  EXPECT_EQ(cache.available(), 0);
  const BlockId first = cache.take(), second = cache.take();
  cache.enter(first, kNoBlock, counting(0));
  cache.enter(second, first, counting(0));
  EXPECT_EQ(cache.find(kNoBlock, counting(0)), first);
  EXPECT_EQ(cache.find(first, counting(0)), second);
  EXPECT_EQ(cache.find(kNoBlock, counting(1)), std::nullopt);
  cache.share(first);
  cache.release(first);
  EXPECT_EQ(cache.find(kNoBlock, counting(0)), first);
  cache.release(second);
  cache.release(first);
  EXPECT_EQ(cache.find(kNoBlock, counting(0)), std::nullopt);
  cache.unreserve(1);
  EXPECT_EQ(cache.available(), 3);
  // A block of the same number is not the one that others were entered behind.
  cache.reserve(1);
  const BlockId again = cache.take();
  EXPECT_EQ(again, first);
  EXPECT_EQ(cache.find(again, counting(0)), std::nullopt);
}

// Sequences of several lengths, some with common blocks, against plain operations in float64.
TEST(PagedAttention, AgreesWithPlainOperationsAndDoesNotDependOnTheBatch) {
  const ModelConfig config = small_config();
  const std::vector<std::vector<BlockId>> tables = {{0, 1, 2}, {0, 1, 3}, {0, 4}, {5}, {6, 7, 8}};
  const std::vector<CacheSpan> earlier = {{0, 90, 0, tables[0]},
                                          {90, 17, 64, tables[1]},
                                          {107, 9, 32, tables[2]},
                                          {116, 3, 0, tables[3]},
                                          {119, 70, 0, tables[4]}};
  const std::vector<CacheSpan> now = {{0, 1, 90, tables[0]},
                                      {1, 1, 81, tables[1]},
                                      {2, 1, 41, tables[2]},
                                      {3, 1, 3, tables[3]},
                                      {4, 20, 70, tables[4]}};
  at::manual_seed(1);
  const at::Tensor q = at::randn({189, 6, 24}), k = at::randn({189, 2, 24}),
                   v = at::randn({189, 2, 24});
  const auto run = [&](KvCache& cache, at::ScalarType type) {
    cache.reserve(9);
    for (int i = 0; i < 9; ++i) (void)cache.take();
    const auto cast = [&](const at::Tensor& t) { return t.to(type); };
    (void)paged_attention(cast(q), cast(k), cast(v), cache, 0, earlier);
    const auto part = [&](const at::Tensor& t) { return cast(t.slice(0, 0, 24)).contiguous(); };
    return paged_attention(part(q), part(k), part(v), cache, 0, now);
  };
  const std::int64_t plenty = std::int64_t{1} << 24;
  KvCache fast(config, at::kFloat, plenty);
  KvCache exact(config, at::kDouble, plenty);
  const at::Tensor together = run(fast, at::kFloat);
  const at::Tensor wanted = run(exact, at::kDouble);
  EXPECT_LT((together.to(at::kDouble) - wanted).abs().max().item<double>(), 1e-5);
  for (const CacheSpan& span : now) {
    const auto part = [&](const at::Tensor& t) {
      return t.slice(0, span.row, span.row + span.count).contiguous();
    };
    const std::vector<CacheSpan> single = {{0, span.count, span.position, span.blocks}};
    EXPECT_TRUE(
        at::equal(paged_attention(part(q), part(k), part(v), fast, 0, single), part(together)));
  }
}

TEST(Linear, FewRowsAgreeWithMatmulAndEachRowIsItsOwn) {
  at::NoGradGuard no_grad;
  at::manual_seed(2);
  for (const std::int64_t inner : {1, 15, 16, 40, 576}) {
    for (const std::int64_t outer : {1, 7, 53, 400}) {
      const at::Tensor x = at::randn({23, inner}), w = at::randn({outer, inner});
      const at::Tensor wanted = at::matmul(x.to(at::kDouble), w.to(at::kDouble).t());
      const double tolerance = 1e-6 * static_cast<double>(inner + 16);
      const ProductMode mode(Products::kFixedOrder);
      const at::Tensor all = apply_linear(x, w);
      EXPECT_LT((all - wanted).abs().max().item<double>(), tolerance);
      for (const std::int64_t rows : {1, 2, 3, 4, 5, 22}) {
        for (const std::int64_t first : {std::int64_t{0}, 23 - rows}) {
          EXPECT_TRUE(at::equal(apply_linear(x.slice(0, first, first + rows), w),
                                all.slice(0, first, first + rows)))
              << inner << " x " << outer << ", rows " << first << " + " << rows;
        }
      }
      const at::Tensor half = w.to(at::kBFloat16);
      EXPECT_TRUE(at::equal(apply_linear(x, half), apply_linear(x, half.to(at::kFloat))));
    }
  }
}

// The fixture's weights, rounded as a bfloat16 checkpoint has them.
struct HalfWeightsTest : testing::Test, GenerationModel {
  HalfWeightsTest() {
    const at::NoGradGuard no_grad;
    for (const auto& [name, tensor] : model.parameters()) {
      tensor.copy_(tensor.to(at::kBFloat16).to(at::kFloat));
    }
  }

  std::vector<at::Tensor> logits(std::optional<HalfWeights> halves) const {
    CachedForward forward(model, std::int64_t{1} << 24, false, std::move(halves));
    forward.reach(64);
    const std::vector<BlockId> blocks{forward.cache().take()};
    const CacheSpan prompt{0, 3, 0, blocks};
    const at::Tensor first = forward.logits(forward.run(tokens(1, 3), {prompt}, {2}));
    const CacheSpan next{0, 1, 3, blocks};
    return {first, forward.logits(forward.run(tokens(2, 1), {next}, {0}))};
  }
};

TEST_F(HalfWeightsTest, GiveTheSameBits) {
  std::optional<HalfWeights> halves = exact_halves(model);
  ASSERT_TRUE(halves.has_value());
  EXPECT_EQ(halves->head.scalar_type(), at::kBFloat16);
  const std::vector<at::Tensor> narrow = logits(std::move(halves)), wide = logits(std::nullopt);
  for (std::size_t i = 0; i < wide.size(); ++i) EXPECT_TRUE(at::equal(narrow[i], wide[i])) << i;
}

TEST_F(HalfWeightsTest, AreNotTakenWhereAValueWouldChange) {
  const at::NoGradGuard no_grad;
  at::Tensor last = model.layer(model.config().layers - 1).down.view({-1}).slice(0, -1);
  last.fill_(std::nextafter(1.0F, 2.0F));
  EXPECT_FALSE(exact_halves(model).has_value());
}

}  // namespace
}  // namespace cairn::model
