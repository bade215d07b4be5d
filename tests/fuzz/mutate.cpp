#include "tests/fuzz/mutate.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/base/json.h"

namespace cairn::fuzz {
namespace {

constexpr std::size_t kMostBytes = 1U << 20;

// Numbers at which lengths, counts and signs go wrong.
std::uint64_t edge_number(std::size_t size, RandomStream& random) {
  const std::uint64_t edges[] = {0,
                                 1,
                                 7,
                                 size,
                                 size - 8,
                                 size + 1,
                                 0x7f,
                                 0xff,
                                 0xffff,
                                 0x7fffffff,
                                 0x80000000,
                                 0xffffffff,
                                 std::uint64_t{1} << 32,
                                 std::uint64_t{1} << 61,
                                 (std::uint64_t{1} << 62) + 1,
                                 (std::uint64_t{1} << 63) - 1,
                                 std::uint64_t{1} << 63,
                                 ~std::uint64_t{0} - 7,
                                 ~std::uint64_t{0}};
  return edges[random.below(std::size(edges))];
}

const char* edge_text(RandomStream& random) {
  static constexpr const char* kTexts[] = {"0",
                                           "-1",
                                           "1e400",
                                           "0.5",
                                           "4294967296",
                                           "9223372036854775807",
                                           "9223372036854775808",
                                           "18446744073709551615",
                                           "99999999999999999999",
                                           "null",
                                           "[]",
                                           "{}",
                                           "\"\"",
                                           "\"\\ud800\"",
                                           "true",
                                           "[[[[[[[[",
                                           "{\"a\":"};
  return kTexts[random.below(std::size(kTexts))];
}

void change_once(std::string& text, std::size_t head, const std::vector<std::string>& others,
                 RandomStream& random) {
  if (text.empty()) {
    text = others[random.below(others.size())];
    return;
  }
  const std::size_t reach = random.below(10) < 9 ? std::min(head, text.size()) : text.size();
  const std::size_t at = random.below(std::max<std::size_t>(reach, 1));
  const std::size_t left = text.size() - at;
  const std::size_t some = 1 + random.below(std::min<std::size_t>(left, 64));
  switch (random.below(10)) {
    case 0:
      text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
      return;
    case 1:
      text[at] = static_cast<char>(random.below(256));
      return;
    case 2:
    case 3: {
      const std::uint64_t number = edge_number(text.size(), random);
      std::memcpy(text.data() + at, &number, std::min<std::size_t>(left, random.below(2) ? 4 : 8));
      return;
    }
    case 4:
      text.erase(at, some);
      return;
    case 5:
      text.insert(at, text.substr(at, some));
      return;
    case 6: {
      const std::string part = text.substr(at, some);
      text.erase(at, some);
      text.insert(random.below(text.size() + 1), part);
      return;
    }
    case 7: {
      const std::string& other = others[random.below(others.size())];
      if (other.empty()) return;
      const std::size_t from = random.below(other.size());
      text.insert(at, other, from, some);
      return;
    }
    case 8:
      text.resize(at);
      return;
    default: {
      const std::size_t digit = text.find_first_of("0123456789", at);
      if (digit == std::string::npos) return;
      const std::size_t end = std::min(text.find_first_not_of("0123456789", digit), text.size());
      text.replace(digit, end - digit, edge_text(random));
    }
  }
}

json::value edge_value(RandomStream& random) {
  switch (random.below(9)) {
    case 0:
      return nullptr;
    case 1:
      return random.below(2) == 0;
    case 2:
      return static_cast<std::int64_t>(edge_number(100, random));
    case 3:
      return edge_number(100, random);
    case 4:
      return static_cast<std::int64_t>(random.below(64));
    case 5:
      return random.normal() * 1e9;
    case 6:
      return json::value("yarn");
    case 7:
      return json::array{-1, 2, 1e300};
    default:
      return json::object{{"rope_type", "yarn"}, {"factor", random.uniform() * 8}};
  }
}

void change_object(json::object& object, RandomStream& random) {
  if (object.empty()) return;
  auto* member = object.begin() + random.below(object.size());
  if (auto* inner = member->value().if_object(); inner != nullptr && random.below(2) == 0) {
    return change_object(*inner, random);
  }
  if (random.below(5) == 0) {
    const std::string key(member->key());
    object.erase(key);
  } else {
    member->value() = edge_value(random);
  }
}

}  // namespace

std::string mutate(std::string input, std::size_t head, const std::vector<std::string>& others,
                   RandomStream& random) {
  for (std::uint64_t left = 1 + random.below(1ULL << random.below(4)); left > 0; --left) {
    change_once(input, head, others, random);
  }
  if (input.size() > kMostBytes) input.resize(kMostBytes);
  return input;
}

std::string mutate_json(const std::string& input, RandomStream& random) {
  auto object = parse_json_object(input);
  if (!object.ok()) return input;
  for (std::uint64_t left = 1 + random.below(3); left > 0; --left) change_object(*object, random);
  return json::serialize(*object);
}

}  // namespace cairn::fuzz
