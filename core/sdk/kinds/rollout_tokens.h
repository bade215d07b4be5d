// Token data of one rollout: a block of tokens.bin in a `rollouts` artifact.
//
// Numbers are rounded: 4 significant digits, and never more than 4 decimals (0.0123, 1.234, 56.78):
// enough to colour by and to compare, two bytes each. What is not finite stays that.
//
// The block, little endian: "CRT1", CRC-32C of what follows it, tokens (u32), turns (u32), flags
// (u32; 1: reference log-probabilities), 0 (u32), bytes of text (u64); tokens of each turn (u32);
// ids (u32); bytes of each piece (u32); log-probabilities, entropies and, with flag 1, the
// reference's log-probabilities (u16 each); marks (u8 each); the pieces joined. After it comes a
// line end, which is no part of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace cairn {

// Every list but `turns` has one entry for each token, turn after turn.
struct RolloutTokens {
  enum Mark : std::uint8_t {
    kCounts = 1,   // its gradient counts: I(i, t) of RECIPE's clipping
    kSpecial = 2,  // a special token: no part of the response's text
  };
  std::vector<std::uint32_t> turns;  // tokens of each turn, in order
  std::vector<std::uint32_t> ids;
  std::vector<std::uint32_t> piece_bytes;
  std::vector<double> logprobs;   // at sampling, nats, at the sampling temperature; <= 0
  std::vector<double> entropies;  // nats
  std::vector<double> reference;  // log-probabilities of a reference model; empty without one
  std::vector<std::uint8_t> marks;
  std::string text;  // the pieces joined: bytes as the tokenizer has them, not always UTF-8

  [[nodiscard]] std::size_t size() const { return ids.size(); }
};

// The nearest number that a block can hold to |value|: |log-probability| or entropy, in nats.
// Above 1638.2 it is that; NaN and infinity become NaN.
[[nodiscard]] std::uint16_t encode_nats(double value);
[[nodiscard]] double decode_nats(std::uint16_t code);

// Errors: lists of unequal length, more than 2^32 bytes.
[[nodiscard]] Result<std::string> encode_rollout_tokens(const RolloutTokens& tokens);
// Of one whole block; kCorrupt for anything else.
[[nodiscard]] Result<RolloutTokens> parse_rollout_tokens(std::string_view block);

}  // namespace cairn
