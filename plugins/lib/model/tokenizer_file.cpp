// Reading tokenizer.json. What this code would tokenize otherwise than its writer is refused.
#include <algorithm>

#include "core/base/json.h"
#include "plugins/lib/model/tokenizer_impl.h"

namespace cairn::model {
namespace {

Error unsupported(const std::string& what) {
  return invalid_argument("tokenizer.json: " + what + " is not supported",
                          "Cairn reads byte-level BPE tokenizers such as Qwen's");
}

bool is_null(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || value->is_null();
}

bool flag(const json::object& object, std::string_view key, bool otherwise = false) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

// The string under the key; empty where there is none.
std::string_view text_under(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

class Reader {
 public:
  Result<Tokenizer> read(const json::object& root) {
    CAIRN_ASSIGN(const json::object* model, get_object(root, "model"));
    CAIRN_TRY(read_vocabulary(*model));
    CAIRN_TRY(read_merges(*model));
    if (!is_null(root, "added_tokens")) {
      CAIRN_ASSIGN(const json::array* added, get_array(root, "added_tokens"));
      CAIRN_TRY(read_added(*added));
    }
    if (!is_null(root, "normalizer")) {
      CAIRN_ASSIGN(const json::object* normalizer, get_object(root, "normalizer"));
      CAIRN_TRY(read_normalizer(*normalizer));
    }
    if (is_null(root, "pre_tokenizer")) return unsupported("a model without pre_tokenizer");
    CAIRN_ASSIGN(const json::object* pre, get_object(root, "pre_tokenizer"));
    CAIRN_TRY(read_pre_tokenizer(*pre));
    if (!byte_level_) return unsupported("a pre_tokenizer without ByteLevel");
    return TokenizerBuilder::make(std::move(impl_));
  }

 private:
  Result<void> grow(std::int64_t id) {
    constexpr std::int64_t kMostIds = 1 << 24;
    if (id < 0 || id >= kMostIds) {
      return corrupt("tokenizer.json: token id " + std::to_string(id) + " is out of range");
    }
    const auto size = static_cast<std::size_t>(id) + 1;
    if (impl_->bytes_of.size() < size) {
      impl_->bytes_of.resize(size);
      impl_->special.resize(size, false);
    }
    return {};
  }

  Result<void> read_vocabulary(const json::object& model) {
    if (!is_null(model, "type")) {
      const std::string_view type = text_under(model, "type");
      if (type != "BPE") return unsupported("a model of type " + std::string(type));
    }
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (is_null(model, key)) continue;
      CAIRN_ASSIGN(const std::string affix, get_string(model, key));
      if (!affix.empty()) return unsupported(key);
    }
    if (flag(model, "byte_fallback")) return unsupported("byte_fallback");
    impl_->ignore_merges = flag(model, "ignore_merges");
    CAIRN_ASSIGN(const json::object* vocab, get_object(model, "vocab"));
    for (const auto& [token, value] : *vocab) {
      if (!value.is_int64()) return corrupt("tokenizer.json: the id of a token is no integer");
      CAIRN_TRY(grow(value.get_int64()));
      const auto id = static_cast<std::int32_t>(value.get_int64());
      const std::string bytes = alphabet_to_bytes(token);
      impl_->bytes_of[static_cast<std::size_t>(id)] = bytes;
      impl_->id_of.emplace(token, id);
      impl_->id_of_word.emplace(bytes, id);
    }
    for (unsigned byte = 0; byte < 256; ++byte) {
      const auto found = impl_->id_of_word.find(std::string(1, static_cast<char>(byte)));
      impl_->byte_ids[byte] = found == impl_->id_of_word.end() ? -1 : found->second;
    }
    return {};
  }

  Result<std::int32_t> known(std::string_view token) {
    const auto found = impl_->id_of.find(std::string(token));
    if (found != impl_->id_of.end()) return found->second;
    return corrupt("tokenizer.json: a merge uses the token \"" + std::string(token) +
                   "\", which the vocabulary lacks");
  }

  Result<void> read_merges(const json::object& model) {
    CAIRN_ASSIGN(const json::array* merges, get_array(model, "merges"));
    std::int32_t rank = 0;
    for (const json::value& merge : *merges) {
      std::string left, right;
      if (const auto* pair = merge.if_array(); pair != nullptr && pair->size() == 2 &&
                                               (*pair)[0].is_string() && (*pair)[1].is_string()) {
        left = (*pair)[0].get_string();
        right = (*pair)[1].get_string();
      } else if (const auto* text = merge.if_string()) {
        const std::size_t space = text->find(' ');
        if (space == json::string::npos || space != text->rfind(' ')) {
          return corrupt("tokenizer.json: the merge \"" + std::string(*text) +
                         "\" is not two tokens");
        }
        left = std::string_view(*text).substr(0, space);
        right = std::string_view(*text).substr(space + 1);
      } else {
        return corrupt("tokenizer.json: a merge is neither a pair nor a string");
      }
      CAIRN_ASSIGN(const std::int32_t a, known(left));
      CAIRN_ASSIGN(const std::int32_t b, known(right));
      CAIRN_ASSIGN(const std::int32_t merged, known(left + right));
      impl_->merges.insert_or_assign(pair_key(a, b), Merge{rank++, merged});
    }
    return {};
  }

  Result<void> read_added(const json::array& added) {
    for (const json::value& value : added) {
      const auto* token = value.if_object();
      if (token == nullptr) return corrupt("tokenizer.json: an added token is no object");
      CAIRN_ASSIGN(const std::string content, get_string(*token, "content"));
      CAIRN_ASSIGN(const std::int64_t id, get_int(*token, "id"));
      for (const char* key : {"single_word", "lstrip", "rstrip"}) {
        if (flag(*token, key)) return unsupported("an added token with " + std::string(key));
      }
      CAIRN_TRY(grow(id));
      if (content.empty()) continue;
      const bool special = flag(*token, "special");
      impl_->bytes_of[static_cast<std::size_t>(id)] = content;
      impl_->special[static_cast<std::size_t>(id)] = special;
      impl_->id_of.insert_or_assign(content, static_cast<std::int32_t>(id));
      impl_->added.push_back({content, static_cast<std::int32_t>(id), special});
      impl_->starts_added[static_cast<unsigned char>(content.front())] = true;
    }
    std::stable_sort(impl_->added.begin(), impl_->added.end(), [](const auto& a, const auto& b) {
      return a.content.size() > b.content.size();
    });
    return {};
  }

  Result<void> read_normalizer(const json::object& normalizer) {
    const std::string_view type = text_under(normalizer, "type");
    if (type == "NFC") {
      impl_->nfc = true;
      return {};
    }
    if (type != "Sequence") return unsupported("the normalizer " + std::string(type));
    CAIRN_ASSIGN(const json::array* steps, get_array(normalizer, "normalizers"));
    for (const json::value& step : *steps) {
      if (!step.is_object()) return corrupt("tokenizer.json: a normalizer is no object");
      CAIRN_TRY(read_normalizer(step.get_object()));
    }
    return {};
  }

  Result<void> add_pattern(const std::string& pattern) {
    CAIRN_ASSIGN(SplitPattern compiled, SplitPattern::compile(pattern));
    impl_->patterns.push_back(std::move(compiled));
    return {};
  }

  Result<void> read_pre_tokenizer(const json::object& pre) {
    const std::string_view type = text_under(pre, "type");
    if (type == "Sequence") {
      CAIRN_ASSIGN(const json::array* steps, get_array(pre, "pretokenizers"));
      for (const json::value& step : *steps) {
        if (!step.is_object()) return corrupt("tokenizer.json: a pre_tokenizer is no object");
        CAIRN_TRY(read_pre_tokenizer(step.get_object()));
      }
      return {};
    }
    if (byte_level_) return unsupported("a pre_tokenizer after ByteLevel");
    if (type == "ByteLevel") {
      if (flag(pre, "add_prefix_space", true)) return unsupported("add_prefix_space");
      byte_level_ = true;
      return flag(pre, "use_regex", true) ? add_pattern(kGpt2Pattern) : Result<void>();
    }
    if (type == "Digits") return add_pattern(flag(pre, "individual_digits") ? "\\p{N}" : "\\p{N}+");
    if (type != "Split") return unsupported("the pre_tokenizer " + std::string(type));
    CAIRN_ASSIGN(const std::string behavior, get_string(pre, "behavior"));
    if (behavior != "Isolated" || flag(pre, "invert")) {
      return unsupported("a Split that is not Isolated");
    }
    CAIRN_ASSIGN(const json::object* pattern, get_object(pre, "pattern"));
    CAIRN_ASSIGN(const std::string regex, get_string(*pattern, "Regex"));
    return add_pattern(regex);
  }

  std::unique_ptr<TokenizerBuilder::Impl> impl_ = std::make_unique<TokenizerBuilder::Impl>();
  bool byte_level_ = false;
};

}  // namespace

Result<Tokenizer> Tokenizer::from_json(std::string_view tokenizer_json) {
  CAIRN_ASSIGN(const json::object root, parse_json_object(tokenizer_json));
  return Reader().read(root);
}

Result<Tokenizer> Tokenizer::load(const fs::path& folder) {
  const fs::path file = folder / "tokenizer.json";
  CAIRN_ASSIGN(const std::string text, real_file_system().read(file));
  auto tokenizer = from_json(text);
  if (!tokenizer.ok()) return with_context(std::move(tokenizer).error(), file.string());
  return tokenizer;
}

Result<void> copy_tokenizer(const fs::path& from_folder, const fs::path& to_folder) {
  FileSystem& files = real_file_system();
  CAIRN_TRY(files.make_directories(to_folder));
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) {
    CAIRN_ASSIGN(const std::string bytes, files.read(from_folder / name));
    CAIRN_TRY(files.write_atomic(to_folder / name, bytes));
  }
  return {};
}

}  // namespace cairn::model
