// Broken tokenizer.json files: no crash, no hang, no allocation that a number in the file asks for.
// CAIRN_FUZZ_SECONDS makes it long; CAIRN_FUZZ_SEED repeats a run.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "core/base/random.h"
#include "plugins/lib/model/chat_template.h"
#include "plugins/lib/model/tokenizer.h"
#include "tests/unit/model/tokenizer_variants.h"

namespace cairn::model {
namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

class Mutator {
 public:
  explicit Mutator(RandomStream random) : random_(std::move(random)) {}

  // Changes the text as bytes.
  void bytes(std::string& text) {
    for (std::uint64_t left = 1 + random_.below(4); left > 0 && !text.empty(); --left) {
      const std::size_t at = random_.below(text.size());
      switch (random_.below(4)) {
        case 0:
          text[at] = static_cast<char>(random_.below(256));
          break;
        case 1:
          text.erase(at, random_.below(20));
          break;
        case 2:
          text.insert(at, text.substr(random_.below(text.size()), random_.below(20)));
          break;
        default:
          text.resize(at);
      }
    }
  }

  // Changes one value somewhere below, and keeps it JSON.
  void value(json::value& root) {
    json::value* at = &root;
    for (int depth = 0; depth < 8; ++depth) {
      json::value* child = child_of(*at);
      if (child == nullptr || random_.below(6) == 0) break;
      at = child;
    }
    *at = other(*at);
  }

 private:
  json::value* child_of(json::value& value) {
    if (auto* object = value.if_object(); object != nullptr && !object->empty()) {
      return &(object->begin() + static_cast<std::ptrdiff_t>(random_.below(object->size())))
                  ->value();
    }
    if (auto* array = value.if_array(); array != nullptr && !array->empty()) {
      return &(*array)[random_.below(array->size())];
    }
    return nullptr;
  }

  json::value other(const json::value& value) {
    static const std::int64_t numbers[] = {0, 1, -1, 255, 4095, 1 << 30, std::int64_t{1} << 62};
    static const char* const texts[] = {"",          "a",     "(a*)*",       "[",         "\\p{N}",
                                        "ByteLevel", "BPE",   "(?i:a|b)+?",  "\xc4\xa0",  "x{9999}",
                                        " ",         "NFC",   "(?<=a{3})b*", "Sequence",  "Digits",
                                        "\\s+|.",    "Split", "<|im_end|>",  "[^\\s]*x?", "a b"};
    switch (random_.below(8)) {
      case 0:
        return nullptr;
      case 1:
        return random_.below(2) == 0;
      case 2:
        return numbers[random_.below(std::size(numbers))];
      case 3:
      case 4:
        return texts[random_.below(std::size(texts))];
      case 5:
        return json::array{value, value};
      case 6:
        return json::object{{"type", value}};
      default:
        return 0.5;
    }
  }

  RandomStream random_;
};

// A small one: a changed byte is likely to matter.
json::object small_tokenizer() {
  json::object root =
      parse_json_object(
          train_tokenizer({"low lower lowest low lower new newer 12 12"}, 270).value())
          .value();
  for (const char* flags : {"lstrip", "rstrip", "single_word", "normalized"}) {
    add_token(root, std::string("<") + flags + ">", {flags});
  }
  return root;
}

void use(const Tokenizer& tokenizer) {
  const std::string text =
      "low <lstrip> lower<rstrip>\n 12 e\xcc\x81 \xff<|im_end|>a<single_word> \xe6\x97\xa5";
  const Encoding made = tokenizer.encode_with_spans(text);
  ASSERT_EQ(made.ids.size(), made.spans.size());
  ASSERT_EQ(made.ids, tokenizer.encode(text));
  for (const TokenId id : made.ids) ASSERT_LT(id, tokenizer.vocab_size());
  for (const ByteSpan& span : made.spans) ASSERT_LE(span.end, text.size());
  (void)tokenizer.decode(made.ids, true);
}

TEST(TokenizerFuzz, BrokenFilesAreErrorsOrTokenizers) {
  const std::uint64_t seed = setting("CAIRN_FUZZ_SEED", 1);
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds(setting("CAIRN_FUZZ_SECONDS", 3));
  const json::object root = small_tokenizer();
  const std::string text = json::serialize(root);
  std::uint64_t round = 0;
  std::uint64_t read = 0;
  for (; std::chrono::steady_clock::now() < until; ++round) {
    Mutator mutate(RandomStream(seed, "tokenizer fuzz", {round}));
    std::string changed = text;
    if (round % 2 == 0) {
      mutate.bytes(changed);
    } else {
      json::value value = root;
      for (std::uint64_t i = 0; i <= round % 3; ++i) mutate.value(value);
      changed = json::serialize(value);
    }
    SCOPED_TRACE("CAIRN_FUZZ_SEED=" + std::to_string(seed) + ", round " + std::to_string(round));
    const auto tokenizer = Tokenizer::from_json(changed);
    if (tokenizer.ok()) {
      ++read;
      use(*tokenizer);
    } else {
      ASSERT_FALSE(tokenizer.error().message.empty());
    }
    if (HasFatalFailure()) break;
  }
  std::printf("seed %llu: %llu files, %llu of them read\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(round), static_cast<unsigned long long>(read));
  EXPECT_GT(read, 0U);
  EXPECT_LT(read, round);
}

TEST(TokenizerFuzz, BrokenChatTemplatesAreErrorsOrTemplates) {
  const std::uint64_t seed = setting("CAIRN_FUZZ_SEED", 1);
  std::vector<std::string> texts = {std::string(
      parse_json_object(tokenizer_config_json(64)).value().at("chat_template").as_string())};
  for (const char* name : {"thoughts", "alternating", "parameters"}) {
    texts.push_back(read_text(fs::path(CAIRN_SOURCE_DIR) / "tests/unit/model/chat_templates" /
                              (std::string(name) + ".jinja")));
  }
  std::uint64_t read = 0;
  for (std::uint64_t round = 0; round < 20'000; ++round) {
    Mutator mutate(RandomStream(seed, "chat template fuzz", {round}));
    std::string changed = texts[round % texts.size()];
    mutate.bytes(changed);
    const auto chat = ChatTemplate::parse(changed);
    if (!chat.ok()) continue;
    ++read;
    (void)chat->render({{"user", "Hi"}, {"assistant", "<think>a</think>b"}}, true, false);
  }
  EXPECT_GT(read, 0U);
}

}  // namespace
}  // namespace cairn::model
