// The tokenizer of a GGUF file as tokenizer.json and what goes with it.
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/json.h"
#include "core/base/text.h"
#include "plugins/lib/model/generation_config.h"
#include "plugins/lib/model/gguf_model.h"

namespace cairn::model {
namespace {

enum TokenType : std::int64_t { kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5 };

using Vocabulary = std::unordered_map<std::string_view, std::int64_t>;

Error unsupported(const char* key, const std::string& value) {
  return invalid_argument(
      "the key " + std::string(key) + " is " + value + ", a tokenizer that Cairn cannot build",
      "Cairn imports tokenizers of the model gpt2 and the kind smollm");
}

Result<void> check_kind(const GgufFile& file) {
  CAIRN_ASSIGN(const std::string model, file.text("tokenizer.ggml.model"));
  if (model != "gpt2") return unsupported("tokenizer.ggml.model", "\"" + model + "\"");
  CAIRN_ASSIGN(const std::string kind, file.text("tokenizer.ggml.pre"));
  if (kind != "smollm") return unsupported("tokenizer.ggml.pre", "\"" + kind + "\"");
  for (const char* key : {"tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token",
                          "tokenizer.ggml.add_space_prefix"}) {
    if (!file.has(key)) continue;
    CAIRN_ASSIGN(const bool on, file.flag(key));
    if (on) return unsupported(key, "true");
  }
  return {};
}

std::string quoted(std::string_view token) {
  return "\"" + printable(token) + "\"";
}

Result<Vocabulary> index_tokens(const std::vector<std::string_view>& tokens) {
  Vocabulary ids;
  ids.reserve(tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const std::string which = "token " + std::to_string(id) + ", " + quoted(tokens[id]) + ",";
    if (tokens[id].empty() || !is_valid_utf8(tokens[id])) {
      return corrupt(which + " of tokenizer.ggml.tokens is empty or no UTF-8 text");
    }
    const auto [other, added] = ids.emplace(tokens[id], static_cast<std::int64_t>(id));
    if (!added) {
      return corrupt(which + " of tokenizer.ggml.tokens is token " + std::to_string(other->second) +
                     " as well");
    }
  }
  return ids;
}

Result<json::array> added_tokens(const std::vector<std::string_view>& tokens,
                                 const std::vector<std::int64_t>& types) {
  json::array added;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const std::int64_t type = types[id];
    if (type == kNormal || type == kUnused) continue;
    if (type != kControl && type != kUserDefined) {
      return invalid_argument("token " + std::to_string(id) + ", " + quoted(tokens[id]) +
                                  ", has the type " + std::to_string(type) +
                                  " in tokenizer.ggml.token_type, which byte-level BPE has not",
                              "types are 1 normal, 3 control, 4 user-defined, 5 unused");
    }
    added.push_back(json::object{{"id", id},
                                 {"content", tokens[id]},
                                 {"single_word", false},
                                 {"lstrip", false},
                                 {"rstrip", false},
                                 {"normalized", false},
                                 {"special", type == kControl}});
  }
  return added;
}

// "a b", both and their union in the vocabulary.
Result<json::array> checked_merges(const std::vector<std::string_view>& merges,
                                   const Vocabulary& ids) {
  json::array out;
  out.reserve(merges.size());
  for (const std::string_view merge : merges) {
    const std::size_t space = merge.find(' ');
    bool good = space != merge.npos && space == merge.rfind(' ') && is_valid_utf8(merge);
    if (good) {
      const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
      good = ids.contains(left) && ids.contains(right) &&
             ids.contains(std::string(left) + std::string(right));
    }
    if (!good) {
      return corrupt("merge " + std::to_string(out.size()) + " of tokenizer.ggml.merges, " +
                     quoted(merge) + ", is not two tokens that make a third");
    }
    out.emplace_back(merge);
  }
  return out;
}

json::object byte_level(bool prefix) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", prefix},
          {"trim_offsets", true},
          {"use_regex", true}};
}

std::string tokenizer_json(const std::vector<std::string_view>& tokens, json::array merges,
                           json::array added) {
  json::object vocab;
  vocab.reserve(tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) vocab.emplace(tokens[id], id);
  json::object root;
  root["version"] = "1.0";
  root["truncation"] = nullptr;
  root["padding"] = nullptr;
  root["added_tokens"] = std::move(added);
  root["normalizer"] = nullptr;
  root["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers",
       {json::object{{"type", "Digits"}, {"individual_digits", true}}, byte_level(false)}}};
  root["post_processor"] = nullptr;
  root["decoder"] = byte_level(true);
  root["model"] = json::object{{"type", "BPE"},
                               {"dropout", nullptr},
                               {"unk_token", nullptr},
                               {"continuing_subword_prefix", nullptr},
                               {"end_of_word_suffix", nullptr},
                               {"fuse_unk", false},
                               {"byte_fallback", false},
                               {"ignore_merges", false},
                               {"vocab", std::move(vocab)},
                               {"merges", std::move(merges)}};
  return json::serialize(root) + "\n";
}

// The token that a key names by its id; null where there is no such key.
Result<json::value> named_token(const GgufFile& file, const char* key,
                                const std::vector<std::string_view>& tokens) {
  if (!file.has(key)) return json::value();
  CAIRN_ASSIGN(const std::int64_t id, file.integer(key));
  if (id < static_cast<std::int64_t>(tokens.size())) {
    return json::value(tokens[static_cast<std::size_t>(id)]);
  }
  return corrupt("the key " + std::string(key) + " is " + std::to_string(id) + ", there are " +
                 std::to_string(tokens.size()) + " tokens");
}

Result<std::string> tokenizer_config(const GgufFile& file, const ModelConfig& config,
                                     const std::vector<std::string_view>& tokens,
                                     const json::array& added) {
  json::object object;
  object["add_bos_token"] = false;
  object["add_prefix_space"] = false;
  json::object decoder;
  for (const json::value& token : added) {
    json::object entry = token.get_object();
    const std::string id = std::to_string(entry.at("id").to_number<std::int64_t>());
    entry.erase("id");
    decoder[id] = std::move(entry);
  }
  object["added_tokens_decoder"] = std::move(decoder);
  CAIRN_ASSIGN(object["bos_token"], named_token(file, "tokenizer.ggml.bos_token_id", tokens));
  if (file.has("tokenizer.chat_template")) {
    CAIRN_ASSIGN(object["chat_template"], file.text("tokenizer.chat_template"));
  }
  object["clean_up_tokenization_spaces"] = false;
  CAIRN_ASSIGN(object["eos_token"], named_token(file, "tokenizer.ggml.eos_token_id", tokens));
  object["model_max_length"] = config.max_positions;
  CAIRN_ASSIGN(object["pad_token"], named_token(file, "tokenizer.ggml.padding_token_id", tokens));
  object["tokenizer_class"] = "PreTrainedTokenizerFast";
  CAIRN_ASSIGN(object["unk_token"], named_token(file, "tokenizer.ggml.unknown_token_id", tokens));
  return pretty_json(object);
}

}  // namespace

Result<std::map<std::string, std::string>> gguf_tokenizer_files(const GgufFile& file,
                                                                const ModelConfig& config) {
  CAIRN_TRY(check_kind(file));
  CAIRN_ASSIGN(const std::vector<std::string_view> tokens, file.texts("tokenizer.ggml.tokens"));
  CAIRN_ASSIGN(const std::vector<std::int64_t> types, file.integers("tokenizer.ggml.token_type"));
  CAIRN_ASSIGN(const std::vector<std::string_view> merges, file.texts("tokenizer.ggml.merges"));
  if (types.size() != tokens.size()) {
    return corrupt("tokenizer.ggml.tokens has " + std::to_string(tokens.size()) +
                   " entries, tokenizer.ggml.token_type " + std::to_string(types.size()));
  }
  if (static_cast<std::int64_t>(tokens.size()) > config.vocab_size) {
    return corrupt("tokenizer.ggml.tokens has " + std::to_string(tokens.size()) +
                   " entries, token_embd.weight " + std::to_string(config.vocab_size) + " rows");
  }
  CAIRN_ASSIGN(const Vocabulary ids, index_tokens(tokens));
  CAIRN_ASSIGN(json::array checked, checked_merges(merges, ids));
  CAIRN_ASSIGN(json::array added, added_tokens(tokens, types));
  CAIRN_ASSIGN(std::string config_text, tokenizer_config(file, config, tokens, added));
  std::map<std::string, std::string> files;
  files["tokenizer.json"] = tokenizer_json(tokens, std::move(checked), std::move(added));
  files["tokenizer_config.json"] = std::move(config_text);
  files["generation_config.json"] = pretty_json(generation_config(config));
  return files;
}

}  // namespace cairn::model
