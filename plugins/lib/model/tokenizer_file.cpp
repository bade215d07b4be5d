// Reading tokenizer.json. What this code would tokenize otherwise than its writer is refused.
#include <set>

#include "core/base/json.h"
#include "core/base/text.h"
#include "plugins/lib/model/byte_alphabet.h"
#include "plugins/lib/model/normal_form.h"
#include "plugins/lib/model/tokenizer_impl.h"

namespace cairn::model {
namespace {

Error unsupported(const std::string& what) {
  return invalid_argument("tokenizer.json: " + what + " is not supported",
                          "Cairn reads byte-level BPE tokenizers such as Qwen's and GPT-2's");
}

Error broken(const std::string& what) {
  return corrupt("tokenizer.json: " + what, "write the file anew with HF tokenizers");
}

std::string shown(std::string_view token) {
  constexpr std::size_t kShown = 60;
  return "\"" + printable(token.substr(0, kShown)) + (token.size() > kShown ? "…\"" : "\"");
}

bool is_null(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || value->is_null();
}

Result<bool> flag(const json::object& object, std::string_view key, bool otherwise = false) {
  if (is_null(object, key)) return otherwise;
  return get_bool(object, key);
}

// The string under the key; empty where there is none.
std::string_view text_under(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

std::string type_of(const json::object& object) {
  return shown(text_under(object, "type"));
}

class Reader {
 public:
  Result<Tokenizer> read(const json::object& root) {
    for (const char* key : {"truncation", "padding"}) {
      if (!is_null(root, key)) return unsupported(std::string("\"") + key + "\"");
    }
    CAIRN_ASSIGN(const json::object* model, get_object(root, "model"));
    CAIRN_TRY(check_model(*model));
    const json::array none;
    const json::array* added = &none;
    if (!is_null(root, "added_tokens")) {
      CAIRN_ASSIGN(added, get_array(root, "added_tokens"));
    }
    CAIRN_TRY(read_vocabulary(*model, added->size()));
    CAIRN_TRY(read_unknown(*model));
    CAIRN_TRY(read_merges(*model));
    impl_->bpe.finish();
    if (!is_null(root, "normalizer")) {
      CAIRN_ASSIGN(const json::object* normalizer, get_object(root, "normalizer"));
      CAIRN_TRY(read_normalizer(*normalizer));
    }
    CAIRN_TRY(read_added(*added));
    CAIRN_TRY(find_holes());
    if (is_null(root, "pre_tokenizer")) return unsupported("a file without pre_tokenizer");
    CAIRN_ASSIGN(const json::object* pre, get_object(root, "pre_tokenizer"));
    CAIRN_TRY(read_pre_tokenizer(*pre));
    if (!byte_level_) return unsupported("a pre_tokenizer without ByteLevel");
    if (is_null(root, "decoder")) return unsupported("a file without decoder");
    CAIRN_ASSIGN(const json::object* decoder, get_object(root, "decoder"));
    if (text_under(*decoder, "type") != "ByteLevel") {
      return unsupported("the decoder " + type_of(*decoder));
    }
    if (!is_null(root, "post_processor")) {
      CAIRN_ASSIGN(const json::object* post, get_object(root, "post_processor"));
      CAIRN_TRY(check_post_processor(*post));
    }
    return TokenizerBuilder::make(std::move(impl_));
  }

 private:
  Result<void> check_model(const json::object& model) {
    if (!is_null(model, "type") && text_under(model, "type") != "BPE") {
      return unsupported("a model of type " + type_of(model));
    }
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (is_null(model, key)) continue;
      CAIRN_ASSIGN(const std::string affix, get_string(model, key));
      if (!affix.empty()) return unsupported(std::string("model.") + key + " " + shown(affix));
    }
    if (!is_null(model, "dropout")) {
      CAIRN_ASSIGN(const double dropout, get_double(model, "dropout"));
      if (dropout != 0) return unsupported("model.dropout " + format_number(dropout));
    }
    CAIRN_ASSIGN(const bool byte_fallback, flag(model, "byte_fallback"));
    if (byte_fallback) return unsupported("model.byte_fallback");
    CAIRN_ASSIGN(impl_->bpe.ignore_merges, flag(model, "ignore_merges"));
    CAIRN_ASSIGN(impl_->bpe.fuse_unknown, flag(model, "fuse_unk"));
    return {};
  }

  // Claims an id for a token that reads like this; its bytes are what the reference decodes.
  Result<void> claim(std::int64_t id, const std::string& token) {
    if (id < 0 || static_cast<std::size_t>(id) >= most_ids_) {
      return broken("token " + shown(token) + " has id " + std::to_string(id) +
                    ", but the file holds " + std::to_string(most_ids_) +
                    " tokens, whose ids are to be without holes");
    }
    const auto at = static_cast<std::size_t>(id);
    if (taken_[at]) {
      return broken("id " + std::to_string(id) + " belongs to both " + shown(spelling_[at]) +
                    " and " + shown(token));
    }
    taken_[at] = true;
    spelling_[at] = token;
    impl_->bytes_of[at] = alphabet_to_bytes(token).value_or(token);
    impl_->id_of.emplace(token, static_cast<std::int32_t>(id));
    return {};
  }

  Result<void> read_vocabulary(const json::object& model, std::size_t added) {
    CAIRN_ASSIGN(const json::object* vocab, get_object(model, "vocab"));
    most_ids_ = vocab->size() + added;
    if (most_ids_ > MergeRanks::kMostIds) {
      return unsupported("a vocabulary of " + std::to_string(most_ids_) + " tokens (at most " +
                         std::to_string(MergeRanks::kMostIds) + ")");
    }
    taken_.resize(most_ids_, false);
    spelling_.resize(most_ids_);
    impl_->bytes_of.resize(most_ids_);
    impl_->special.resize(most_ids_, false);
    for (const auto& [token, value] : *vocab) {
      if (!value.is_int64()) return broken("the id of token " + shown(token) + " is no integer");
      CAIRN_TRY(claim(value.get_int64(), token));
      if (auto bytes = alphabet_to_bytes(token)) {
        impl_->bpe.words.emplace(std::move(*bytes), static_cast<std::int32_t>(value.get_int64()));
      }
    }
    next_id_ = static_cast<std::int64_t>(vocab->size());
    return {};
  }

  // Bytes without a token of their own, and what they become.
  Result<void> read_unknown(const json::object& model) {
    std::int32_t instead = -1;
    if (!is_null(model, "unk_token")) {
      CAIRN_ASSIGN(const std::string token, get_string(model, "unk_token"));
      const auto found = impl_->id_of.find(token);
      if (found != impl_->id_of.end()) instead = found->second;
    }
    Bpe& bpe = impl_->bpe;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const auto found = bpe.words.find(std::string(1, static_cast<char>(byte)));
      if (found != bpe.words.end()) {
        bpe.byte_ids[byte] = found->second;
        continue;
      }
      if (!is_null(model, "unk_token") && instead < 0) {
        return broken("byte " + std::to_string(byte) + " has no token, and model.unk_token " +
                      shown(text_under(model, "unk_token")) + " is not in the vocabulary");
      }
      bpe.byte_ids[byte] = instead;
      bpe.unknown[byte] = instead >= 0;
    }
    return {};
  }

  Result<std::int32_t> known(std::string_view token, std::size_t merge) {
    const auto found = impl_->id_of.find(token);
    if (found != impl_->id_of.end()) return found->second;
    return broken("merge " + std::to_string(merge) + " needs the token " + shown(token) +
                  ", which the vocabulary lacks");
  }

  Result<void> read_merges(const json::object& model) {
    CAIRN_ASSIGN(const json::array* merges, get_array(model, "merges"));
    if (merges->size() >= MergeRanks::kMostRanks) {
      return unsupported("a file with " + std::to_string(merges->size()) + " merges");
    }
    Bpe& bpe = impl_->bpe;
    bpe.ranks = MergeRanks(merges->size());
    bpe.merged.reserve(merges->size());
    for (const json::value& merge : *merges) {
      const std::size_t number = bpe.merged.size();
      std::string_view left, right;
      if (const auto* pair = merge.if_array(); pair != nullptr && pair->size() == 2 &&
                                               (*pair)[0].is_string() && (*pair)[1].is_string()) {
        left = (*pair)[0].get_string();
        right = (*pair)[1].get_string();
      } else if (const auto* text = merge.if_string()) {
        const std::string_view both = *text;
        const std::size_t space = both.find(' ');
        if (space == std::string_view::npos || space != both.rfind(' ')) {
          return broken("merge " + std::to_string(number) + " " + shown(both) +
                        " is not two tokens");
        }
        left = both.substr(0, space);
        right = both.substr(space + 1);
      } else {
        return broken("merge " + std::to_string(number) + " is neither a pair nor a string");
      }
      CAIRN_ASSIGN(const std::int32_t a, known(left, number));
      CAIRN_ASSIGN(const std::int32_t b, known(right, number));
      joined_.assign(left);
      joined_ += right;
      CAIRN_ASSIGN(const std::int32_t merged, known(joined_, number));
      bpe.ranks.set(a, b, static_cast<std::int32_t>(number));
      bpe.merged.push_back(merged);
    }
    return {};
  }

  Result<void> read_added(const json::array& added) {
    for (const json::value& value : added) {
      const auto* object = value.if_object();
      if (object == nullptr) return broken("an added token is no object");
      AddedToken token;
      CAIRN_ASSIGN(token.content, get_string(*object, "content"));
      CAIRN_ASSIGN(const std::int64_t id, get_int(*object, "id"));
      CAIRN_ASSIGN(token.special, flag(*object, "special"));
      CAIRN_ASSIGN(token.single_word, flag(*object, "single_word"));
      CAIRN_ASSIGN(token.lstrip, flag(*object, "lstrip"));
      CAIRN_ASSIGN(token.rstrip, flag(*object, "rstrip"));
      CAIRN_ASSIGN(token.normalized, flag(*object, "normalized"));
      if (token.content.empty()) {
        return broken("the added token with id " + std::to_string(id) + " is empty");
      }
      CAIRN_TRY(claim_added(id, token.content));
      token.id = static_cast<std::int32_t>(id);
      impl_->special[static_cast<std::size_t>(id)] = token.special;
      if (token.normalized) {
        const std::string content = impl_->nfc ? nfc(token.content) : token.content;
        impl_->added_normalized.add(std::move(token), content);
      } else {
        const std::string content = token.content;
        impl_->added.add(std::move(token), content);
      }
    }
    return {};
  }

  // The reference gives an added token the id of the vocabulary, or else the next free one,
  // whatever the file says: a file that says otherwise means two things.
  Result<void> claim_added(std::int64_t id, const std::string& content) {
    const auto in_vocabulary = impl_->id_of.find(content);
    const bool has_id = in_vocabulary != impl_->id_of.end();
    const std::int64_t expected = has_id ? in_vocabulary->second : next_id_;
    if (!added_.insert(content).second) {
      return broken("the added token " + shown(content) + " is there twice");
    }
    if (id != expected) {
      return broken("the added token " + shown(content) + " has id " + std::to_string(id) +
                    (has_id ? ", but the vocabulary gives it id "
                            : ", but by its place in added_tokens it is id ") +
                    std::to_string(expected));
    }
    if (has_id) return {};
    ++next_id_;
    return claim(id, content);
  }

  // Every id up to the largest has a token.
  Result<void> find_holes() {
    std::size_t count = most_ids_;
    while (count > 0 && !taken_[count - 1]) --count;
    for (std::size_t id = 0; id < count; ++id) {
      if (taken_[id]) continue;
      return broken("no token has id " + std::to_string(id) + ", though ids go up to " +
                    std::to_string(count - 1) + " (" + shown(spelling_[count - 1]) + ")");
    }
    impl_->bytes_of.resize(count);
    impl_->special.resize(count);
    return {};
  }

  Result<void> read_normalizer(const json::object& normalizer) {
    const std::string_view type = text_under(normalizer, "type");
    if (type == "NFC") {
      impl_->nfc = true;
      return {};
    }
    if (type != "Sequence") return unsupported("the normalizer " + type_of(normalizer));
    CAIRN_ASSIGN(const json::array* steps, get_array(normalizer, "normalizers"));
    for (const json::value& step : *steps) {
      if (!step.is_object()) return broken("a normalizer is no object");
      CAIRN_TRY(read_normalizer(step.get_object()));
    }
    return {};
  }

  Result<void> add_pattern(const std::string& pattern) {
    if (const auto scanner = PieceScanner::for_pattern(pattern)) {
      impl_->steps.emplace_back(*scanner);
      return {};
    }
    CAIRN_ASSIGN(SplitPattern compiled, SplitPattern::compile(pattern));
    impl_->steps.emplace_back(std::move(compiled));
    return {};
  }

  Result<void> read_pre_tokenizer(const json::object& pre) {
    const std::string_view type = text_under(pre, "type");
    if (type == "Sequence") {
      CAIRN_ASSIGN(const json::array* steps, get_array(pre, "pretokenizers"));
      for (const json::value& step : *steps) {
        if (!step.is_object()) return broken("a pre_tokenizer is no object");
        CAIRN_TRY(read_pre_tokenizer(step.get_object()));
      }
      return {};
    }
    constexpr std::size_t kMostSteps = 16;
    if (impl_->steps.size() == kMostSteps) return unsupported("a pre_tokenizer of many steps");
    if (byte_level_) return unsupported("the pre_tokenizer " + type_of(pre) + " after ByteLevel");
    if (type == "ByteLevel") {
      CAIRN_ASSIGN(const bool add_prefix_space, flag(pre, "add_prefix_space", true));
      if (add_prefix_space) return unsupported("pre_tokenizer.add_prefix_space");
      byte_level_ = true;
      CAIRN_ASSIGN(const bool use_regex, flag(pre, "use_regex", true));
      return use_regex ? add_pattern(kGpt2Pattern) : Result<void>();
    }
    if (type == "Digits") {
      CAIRN_ASSIGN(const bool alone, flag(pre, "individual_digits"));
      using Rule = PieceScanner::Rule;
      impl_->steps.emplace_back(PieceScanner(alone ? Rule::kDigit : Rule::kDigits));
      return {};
    }
    if (type != "Split") return unsupported("the pre_tokenizer " + type_of(pre));
    CAIRN_ASSIGN(const std::string behavior, get_string(pre, "behavior"));
    CAIRN_ASSIGN(const bool invert, flag(pre, "invert"));
    if (behavior != "Isolated") return unsupported("a Split whose behavior is " + shown(behavior));
    if (invert) return unsupported("a Split with invert");
    CAIRN_ASSIGN(const json::object* pattern, get_object(pre, "pattern"));
    if (!pattern->contains("Regex")) return unsupported("a Split whose pattern is no Regex");
    CAIRN_ASSIGN(const std::string regex, get_string(*pattern, "Regex"));
    return add_pattern(regex);
  }

  // What adds special tokens around a text, or trims offsets: nothing that encode() does.
  Result<void> check_post_processor(const json::object& post) {
    const std::string_view type = text_under(post, "type");
    if (type == "ByteLevel" || type == "TemplateProcessing") return {};
    if (type != "Sequence") return unsupported("the post_processor " + type_of(post));
    CAIRN_ASSIGN(const json::array* steps, get_array(post, "processors"));
    for (const json::value& step : *steps) {
      if (!step.is_object()) return broken("a post_processor is no object");
      CAIRN_TRY(check_post_processor(step.get_object()));
    }
    return {};
  }

  std::unique_ptr<TokenizerBuilder::Impl> impl_ = std::make_unique<TokenizerBuilder::Impl>();
  std::size_t most_ids_ = 0;
  std::int64_t next_id_ = 0;           // of an added token that the vocabulary lacks
  std::vector<bool> taken_;            // by id
  std::vector<std::string> spelling_;  // by id
  std::set<std::string> added_;        // contents
  std::string joined_;
  bool byte_level_ = false;
};

}  // namespace

Result<Tokenizer> Tokenizer::from_json(std::string_view tokenizer_json) {
  CAIRN_ASSIGN(const json::object root, parse_json_object(tokenizer_json));
  return Reader().read(root);
}

Result<Tokenizer> Tokenizer::load_without_chat(const fs::path& folder) {
  const fs::path file = folder / "tokenizer.json";
  CAIRN_ASSIGN(const std::string text, real_file_system().read(file));
  auto tokenizer = from_json(text);
  if (!tokenizer.ok()) return with_context(std::move(tokenizer).error(), file.string());
  return tokenizer;
}

Result<Tokenizer> Tokenizer::load(const fs::path& folder) {
  CAIRN_ASSIGN(Tokenizer tokenizer, load_without_chat(folder));
  CAIRN_ASSIGN(auto chat, ChatTemplate::find(folder));
  if (!chat) return tokenizer;
  tokenizer.impl_->chat = std::move(*chat);
  const auto prompt = tokenizer.encode_prompt("Hi");
  if (!prompt.ok()) return with_context(prompt.error(), folder.string());
  return tokenizer;
}

Result<void> copy_tokenizer(const fs::path& from_folder, const fs::path& to_folder) {
  FileSystem& files = real_file_system();
  CAIRN_TRY(files.make_directories(to_folder));
  std::vector<std::string> names = {"tokenizer.json", "tokenizer_config.json"};
  std::error_code ignored;
  if (fs::exists(from_folder / "chat_template.jinja", ignored)) {
    names.emplace_back("chat_template.jinja");
  }
  for (const std::string& name : names) {
    CAIRN_ASSIGN(const std::string bytes, files.read(from_folder / name));
    CAIRN_TRY(files.write_atomic(to_folder / name, bytes));
  }
  return {};
}

}  // namespace cairn::model
