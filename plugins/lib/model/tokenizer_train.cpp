// A learned vocabulary as tokenizer.json and tokenizer_config.json.
#include <thread>

#include "core/base/json.h"
#include "plugins/lib/model/bpe_train.h"
#include "plugins/lib/model/byte_alphabet.h"
#include "plugins/lib/model/split_pattern.h"
#include "plugins/lib/model/tokenizer.h"

namespace cairn::model {
namespace {

json::object byte_level(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", false},
          {"use_regex", use_regex}};
}

std::string tokenizer_json(const LearnedBpe& learned) {
  std::vector<std::string> spelled;
  for (const std::string& token : learned.tokens) spelled.push_back(bytes_to_alphabet(token));
  json::object vocab;
  for (std::size_t id = 0; id < spelled.size(); ++id) vocab[spelled[id]] = id;
  json::array merges;
  for (const auto& [left, right] : learned.merges) {
    merges.push_back(json::array{spelled[static_cast<std::size_t>(left)],
                                 spelled[static_cast<std::size_t>(right)]});
  }
  json::array added;
  std::size_t id = spelled.size();
  for (const char* token : {kEndOfText, kImStart, kImEnd}) {
    added.push_back({{"id", id++},
                     {"content", token},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  json::object split{{"type", "Split"},
                     {"pattern", {{"Regex", kQwen2Pattern}}},
                     {"behavior", "Isolated"},
                     {"invert", false}};
  json::object root;
  root["version"] = "1.0";
  root["truncation"] = nullptr;
  root["padding"] = nullptr;
  root["added_tokens"] = std::move(added);
  root["normalizer"] = {{"type", "NFC"}};
  root["pre_tokenizer"] = {{"type", "Sequence"},
                           {"pretokenizers", json::array{std::move(split), byte_level(false)}}};
  root["post_processor"] = byte_level(false);
  root["decoder"] = byte_level(false);
  root["model"] = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", nullptr},
                   {"continuing_subword_prefix", ""},
                   {"end_of_word_suffix", ""},
                   {"fuse_unk", false},
                   {"byte_fallback", false},
                   {"ignore_merges", false},
                   {"vocab", std::move(vocab)},
                   {"merges", std::move(merges)}};
  return pretty_json(root);
}

}  // namespace

Result<std::string> train_tokenizer(const std::vector<std::string_view>& texts,
                                    std::int64_t vocab_size, unsigned threads) {
  constexpr std::int64_t kFixed = 256 + 3;
  if (vocab_size < kFixed) {
    return invalid_argument("a vocabulary of " + std::to_string(vocab_size) +
                                " tokens has no room for 256 bytes and 3 special tokens",
                            "use at least " + std::to_string(kFixed));
  }
  if (threads == 0) threads = std::max(std::thread::hardware_concurrency(), 1U);
  const std::vector<CountedWord> words = count_words(texts, threads);
  return tokenizer_json(learn_bpe(words, static_cast<std::size_t>(vocab_size - 3), threads));
}

std::string tokenizer_config_json(std::int64_t max_tokens) {
  json::object config;
  config["add_bos_token"] = false;
  config["add_prefix_space"] = false;
  config["bos_token"] = nullptr;
  config["chat_template"] =
      "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + "
      "'<|im_end|>\\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- "
      "'<|im_start|>assistant\\n' "
      "}}{%- endif %}";
  config["clean_up_tokenization_spaces"] = false;
  config["eos_token"] = kImEnd;
  config["errors"] = "replace";
  config["model_max_length"] = max_tokens;
  config["pad_token"] = kEndOfText;
  config["split_special_tokens"] = false;
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  config["unk_token"] = nullptr;
  return pretty_json(config);
}

}  // namespace cairn::model
