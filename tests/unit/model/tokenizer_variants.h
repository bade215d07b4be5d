// Tokenizers made from the fixture's by changing members of its tokenizer.json.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/model/fixtures.h"

namespace cairn::model {

using Change = std::function<void(json::object&)>;

inline std::string changed_tokenizer(const Change& change) {
  json::object root =
      parse_json_object(read_text(fixtures() / "tokenizer" / "tokenizer.json")).value();
  change(root);
  return json::serialize(root);
}

inline json::object& model_of(json::object& root) {
  return root.at("model").as_object();
}

// One more than the largest id.
inline std::int64_t size_of(const json::object& root) {
  std::int64_t size = 0;
  for (const auto& [token, id] : root.at("model").at("vocab").as_object()) {
    size = std::max(size, id.as_int64() + 1);
  }
  for (const json::value& token : root.at("added_tokens").as_array()) {
    size = std::max(size, token.at("id").as_int64() + 1);
  }
  return size;
}

// The next id goes to a token with these flags set.
inline void add_token(json::object& root, const std::string& content,
                      const std::vector<std::string>& flags = {}) {
  json::object token{{"id", size_of(root)}, {"content", content}, {"single_word", false},
                     {"lstrip", false},     {"rstrip", false},    {"normalized", false},
                     {"special", false}};
  for (const std::string& flag : flags) token[flag] = true;
  root["added_tokens"].as_array().push_back(std::move(token));
}

// Added tokens alone, with a vocabulary whose last ids were taken out of the model.
inline void take_out(json::object& root, const std::string& token) {
  json::object& vocab = model_of(root).at("vocab").as_object();
  const std::int64_t gone = vocab.at(token).as_int64();
  vocab.erase(token);
  for (auto& [other, id] : vocab) {
    if (id.as_int64() > gone) id = id.as_int64() - 1;
  }
  for (json::value& added : root.at("added_tokens").as_array()) {
    added.as_object()["id"] = added.at("id").as_int64() - 1;
  }
  json::array kept;
  for (const json::value& merge : model_of(root).at("merges").as_array()) {
    const std::string left(merge.as_array()[0].as_string());
    const std::string right(merge.as_array()[1].as_string());
    const bool whole =
        vocab.contains(left) && vocab.contains(right) && vocab.contains(left + right);
    if (whole) kept.push_back(merge);
  }
  model_of(root)["merges"] = std::move(kept);
}

inline void gpt2_with_digits(json::object& root, bool individual) {
  root["normalizer"] = nullptr;
  json::object byte_level{{"type", "ByteLevel"},
                          {"add_prefix_space", false},
                          {"trim_offsets", true},
                          {"use_regex", true}};
  json::object digits{{"type", "Digits"}, {"individual_digits", individual}};
  root["pre_tokenizer"] = {{"type", "Sequence"},
                           {"pretokenizers", json::array{digits, byte_level}}};
}

inline void split_by(json::object& root, const std::string& regex) {
  root["pre_tokenizer"].as_object()["pretokenizers"].as_array()[0].as_object()["pattern"] = {
      {"Regex", regex}};
}

// Everything that is read, each kind once.
inline std::vector<std::pair<std::string, Change>> tokenizer_variants() {
  return {
      {"as it is", [](json::object&) {}},
      {"flags of added tokens",
       [](json::object& root) {
         add_token(root, "<left>", {"lstrip", "special"});
         add_token(root, "<right>", {"rstrip"});
         add_token(root, "<word>", {"single_word"});
         add_token(root, "<left>x", {"single_word", "lstrip", "rstrip"});
         add_token(root, " y");
         add_token(root, "\xc3\xa9t", {"normalized"});
         add_token(root, "\xe6\x97\xa5 b");
       }},
      {"GPT-2 with digits", [](json::object& root) { gpt2_with_digits(root, true); }},
      {"GPT-2 with runs of digits", [](json::object& root) { gpt2_with_digits(root, false); }},
      {"ignore_merges", [](json::object& root) { model_of(root)["ignore_merges"] = true; }},
      {"bytes left out",
       [](json::object& root) {
         take_out(root, "z");
         take_out(root, "e");
       }},
      {"unknown bytes",
       [](json::object& root) {
         take_out(root, "z");
         take_out(root, "e");
         model_of(root)["unk_token"] = "!";
       }},
      {"unknown bytes fused",
       [](json::object& root) {
         take_out(root, "z");
         take_out(root, "e");
         model_of(root)["unk_token"] = "!";
         model_of(root)["fuse_unk"] = true;
       }},
      {"three digits",
       [](json::object& root) {
         split_by(
             root,
             R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)");
       }},
      {"a pattern of its own",
       [](json::object& root) { split_by(root, R"(\p{Lu}?\p{Ll}*|\s?\d{2,}|[^\s\p{L}]x*)"); }},
      {"without split", [](json::object& root) {
         root["pre_tokenizer"] = {{"type", "ByteLevel"},
                                  {"add_prefix_space", false},
                                  {"trim_offsets", false},
                                  {"use_regex", false}};
       }}};
}

}  // namespace cairn::model
