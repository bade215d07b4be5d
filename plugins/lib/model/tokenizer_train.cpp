// Learning byte-level BPE merges. Counts of pairs are kept up to date as words change, so a merge
// costs what it touches.
#include <algorithm>
#include <map>
#include <queue>
#include <unordered_set>

#include "core/base/json.h"
#include "plugins/lib/model/tokenizer_impl.h"

namespace cairn::model {
namespace {

struct Word {
  std::vector<std::int32_t> symbols;
  std::int64_t count = 0;
};

// Ids of single bytes: by the order of their printable code points, as published vocabularies.
std::array<std::int32_t, 256> byte_order() {
  std::array<unsigned, 256> bytes{};
  for (unsigned i = 0; i < 256; ++i) bytes[i] = i;
  std::sort(bytes.begin(), bytes.end(), [](unsigned a, unsigned b) {
    return alphabet_char(static_cast<unsigned char>(a)) <
           alphabet_char(static_cast<unsigned char>(b));
  });
  std::array<std::int32_t, 256> id_of{};
  for (unsigned i = 0; i < 256; ++i) id_of[bytes[i]] = static_cast<std::int32_t>(i);
  return id_of;
}

class Trainer {
 public:
  explicit Trainer(const std::map<std::string, std::int64_t>& words) {
    const std::array<std::int32_t, 256> id_of_byte = byte_order();
    tokens_.resize(256);
    for (unsigned byte = 0; byte < 256; ++byte) {
      tokens_[static_cast<std::size_t>(id_of_byte[byte])] = std::string(1, static_cast<char>(byte));
    }
    for (const auto& [text, count] : words) {
      Word word;
      word.count = count;
      for (const char c : text) {
        word.symbols.push_back(id_of_byte[static_cast<unsigned char>(c)]);
      }
      words_.push_back(std::move(word));
    }
    for (std::size_t i = 0; i < words_.size(); ++i) count_word(i, +1);
    for (const auto& [pair, entry] : pairs_) heap_.push({entry.count, pair});
  }

  void run(std::size_t tokens_wanted) {
    while (tokens_.size() < tokens_wanted && !heap_.empty()) {
      const Candidate best = heap_.top();
      heap_.pop();
      const auto found = pairs_.find(best.pair);
      if (found == pairs_.end() || found->second.count != best.count) {
        continue;  // the count changed since; its newer entry is in the heap
      }
      if (best.count < 2) break;
      merge(best.pair);
    }
  }

  [[nodiscard]] const std::vector<std::string>& tokens() const { return tokens_; }
  [[nodiscard]] const std::vector<std::uint64_t>& merges() const { return merges_; }

 private:
  struct Candidate {
    std::int64_t count;
    std::uint64_t pair;
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };
  struct PairEntry {
    std::int64_t count = 0;
    std::unordered_set<std::size_t> words;
  };

  void count_word(std::size_t index, int sign) {
    const Word& word = words_[index];
    for (std::size_t i = 0; i + 1 < word.symbols.size(); ++i) {
      const std::uint64_t pair = pair_key(word.symbols[i], word.symbols[i + 1]);
      PairEntry& entry = pairs_[pair];
      entry.count += sign * word.count;
      if (sign > 0) {
        entry.words.insert(index);
      } else {
        entry.words.erase(index);
      }
      touched_.insert(pair);
    }
  }

  void merge(std::uint64_t pair) {
    const auto left = static_cast<std::int32_t>(pair >> 32);
    const auto right = static_cast<std::int32_t>(pair & 0xffffffffU);
    const auto id = static_cast<std::int32_t>(tokens_.size());
    tokens_.push_back(tokens_[static_cast<std::size_t>(left)] +
                      tokens_[static_cast<std::size_t>(right)]);
    merges_.push_back(pair);
    touched_.clear();
    const std::vector<std::size_t> affected(pairs_[pair].words.begin(), pairs_[pair].words.end());
    for (const std::size_t index : affected) {
      count_word(index, -1);
      std::vector<std::int32_t>& symbols = words_[index].symbols;
      std::size_t kept = 0;
      for (std::size_t i = 0; i < symbols.size(); ++i) {
        const bool here = i + 1 < symbols.size() && symbols[i] == left && symbols[i + 1] == right;
        symbols[kept++] = here ? id : symbols[i];
        if (here) ++i;
      }
      symbols.resize(kept);
      count_word(index, +1);
    }
    for (const std::uint64_t changed : touched_) {
      const auto entry = pairs_.find(changed);
      if (entry->second.count <= 0) {
        pairs_.erase(entry);
      } else {
        heap_.push({entry->second.count, changed});
      }
    }
  }

  std::vector<Word> words_;
  std::vector<std::string> tokens_;
  std::vector<std::uint64_t> merges_;
  std::unordered_map<std::uint64_t, PairEntry> pairs_;
  std::unordered_set<std::uint64_t> touched_;
  std::priority_queue<Candidate> heap_;
};

json::object byte_level(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", false},
          {"use_regex", use_regex}};
}

std::string tokenizer_json(const Trainer& trainer) {
  json::object vocab;
  for (std::size_t id = 0; id < trainer.tokens().size(); ++id) {
    vocab[bytes_to_alphabet(trainer.tokens()[id])] = id;
  }
  json::array merges;
  for (const std::uint64_t pair : trainer.merges()) {
    merges.push_back(json::array{
        bytes_to_alphabet(trainer.tokens()[static_cast<std::size_t>(pair >> 32)]),
        bytes_to_alphabet(trainer.tokens()[static_cast<std::size_t>(pair & 0xffffffffU)])});
  }
  json::array added;
  std::size_t id = trainer.tokens().size();
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
                                    std::int64_t vocab_size) {
  constexpr std::int64_t kFixed = 256 + 3;
  if (vocab_size < kFixed) {
    return invalid_argument("a vocabulary of " + std::to_string(vocab_size) +
                                " tokens has no room for 256 bytes and 3 special tokens",
                            "use at least " + std::to_string(kFixed));
  }
  CAIRN_ASSIGN(const SplitPattern pattern, SplitPattern::compile(kQwen2Pattern));
  std::unordered_map<std::string, std::int64_t> counts;
  std::vector<std::string_view> pieces;
  for (const std::string_view text : texts) {
    const std::string normalized = nfc(lossy_utf8(text));
    pieces.clear();
    pattern.split(normalized, pieces);
    for (const std::string_view piece : pieces) ++counts[std::string(piece)];
  }
  Trainer trainer(std::map<std::string, std::int64_t>(counts.begin(), counts.end()));
  trainer.run(static_cast<std::size_t>(vocab_size - 3));
  return tokenizer_json(trainer);
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
