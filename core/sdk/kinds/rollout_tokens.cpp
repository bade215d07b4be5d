#include "core/sdk/kinds/rollout_tokens.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "core/base/framed_log.h"

namespace cairn {
namespace {

constexpr std::uint32_t kMark = 0x31545243;  // "CRT1"
constexpr std::uint32_t kHasReference = 1;
constexpr std::size_t kHeader = 32;
constexpr std::size_t kCovered = 8;  // mark and checksum stand before what it covers

constexpr std::uint16_t kNotFinite = 0xFFFF;
constexpr std::uint32_t kLargest = 0x3FFF;  // 14 bits, and 2 for how many decimals there are
constexpr std::array<double, 4> kUnits{1e4, 1e3, 1e2, 1e1};

template <typename T>
void put(const T& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
void put_all(const std::vector<T>& values, std::string& out) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

void put_nats(const std::vector<double>& values, std::string& out) {
  for (const double value : values) put(encode_nats(value), out);
}

// Takes numbers from the front of a text whose length was checked before.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}
  template <typename T>
  T one() {
    T value{};
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  template <typename T>
  std::vector<T> many(std::size_t count) {
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), rest_.data(), count * sizeof(T));
    rest_.remove_prefix(count * sizeof(T));
    return values;
  }
  std::vector<double> nats(std::size_t count, double sign) {
    std::vector<double> values;
    values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const double value = decode_nats(one<std::uint16_t>());
      values.push_back(value == 0 ? 0.0 : sign * value);
    }
    return values;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

std::uint64_t sum(const std::vector<std::uint32_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

Error broken(const std::string& what) {
  return corrupt("a block of token data " + what,
                 "the file is damaged, or of a later version of Cairn");
}

}  // namespace

std::uint16_t encode_nats(double value) {
  value = std::abs(value);
  if (!std::isfinite(value)) return kNotFinite;
  // Where four significant digits end, the next unit takes over.
  for (std::size_t unit = 0; unit < kUnits.size(); ++unit) {
    const bool last = unit + 1 == kUnits.size();
    const double digits = std::round(value * kUnits[unit]);
    if (!last && digits > 9999) continue;
    const auto kept = std::min(digits, static_cast<double>(kLargest - 1));
    return static_cast<std::uint16_t>(unit << 14 | static_cast<std::size_t>(kept));
  }
  return kNotFinite;
}

double decode_nats(std::uint16_t code) {
  if (code == kNotFinite) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(code & kLargest) / kUnits[code >> 14];
}

Result<std::string> encode_rollout_tokens(const RolloutTokens& tokens) {
  const std::size_t count = tokens.size();
  const bool reference = !tokens.reference.empty();
  if (tokens.piece_bytes.size() != count || tokens.logprobs.size() != count ||
      tokens.entropies.size() != count || tokens.marks.size() != count ||
      (reference && tokens.reference.size() != count) || sum(tokens.turns) != count ||
      sum(tokens.piece_bytes) != tokens.text.size())
    return internal_error("the lists of a rollout's token data are not of one length");
  std::string out;
  put(kMark, out);
  put(std::uint32_t{0}, out);
  put(static_cast<std::uint32_t>(count), out);
  put(static_cast<std::uint32_t>(tokens.turns.size()), out);
  put(reference ? kHasReference : 0, out);
  put(std::uint32_t{0}, out);
  put(std::uint64_t{tokens.text.size()}, out);
  put_all(tokens.turns, out);
  put_all(tokens.ids, out);
  put_all(tokens.piece_bytes, out);
  put_nats(tokens.logprobs, out);
  put_nats(tokens.entropies, out);
  put_nats(tokens.reference, out);
  put_all(tokens.marks, out);
  out += tokens.text;
  if (out.size() > std::numeric_limits<std::uint32_t>::max())
    return invalid_argument("a rollout's token data is larger than 4 GiB",
                            "record fewer tokens: rollout_tokens: none");
  const std::uint32_t checksum = crc32c(std::string_view(out).substr(kCovered));
  std::memcpy(out.data() + sizeof(kMark), &checksum, sizeof(checksum));
  return out;
}

Result<RolloutTokens> parse_rollout_tokens(std::string_view block) {
  if (block.size() < kHeader) return broken("is cut short");
  Cursor cursor(block);
  if (cursor.one<std::uint32_t>() != kMark) return broken("does not begin as one");
  if (cursor.one<std::uint32_t>() != crc32c(block.substr(kCovered)))
    return broken("does not match its checksum");
  const std::size_t count = cursor.one<std::uint32_t>();
  const std::size_t turns = cursor.one<std::uint32_t>();
  const auto flags = cursor.one<std::uint32_t>();
  if (flags > kHasReference || cursor.one<std::uint32_t>() != 0) return broken("has unknown flags");
  const auto text = cursor.one<std::uint64_t>();
  const bool reference = flags == kHasReference;
  const std::size_t each = 4 + 4 + 2 + 2 + (reference ? 2 : 0) + 1;
  if (text > block.size() || kHeader + turns * 4 + count * each + text != block.size())
    return broken("has another length than it says");
  RolloutTokens tokens;
  tokens.turns = cursor.many<std::uint32_t>(turns);
  tokens.ids = cursor.many<std::uint32_t>(count);
  tokens.piece_bytes = cursor.many<std::uint32_t>(count);
  tokens.logprobs = cursor.nats(count, -1);
  tokens.entropies = cursor.nats(count, 1);
  if (reference) tokens.reference = cursor.nats(count, -1);
  tokens.marks = cursor.many<std::uint8_t>(count);
  tokens.text = cursor.rest();
  if (sum(tokens.turns) != count || sum(tokens.piece_bytes) != text)
    return broken("has turns or pieces that do not add up");
  return tokens;
}

}  // namespace cairn
