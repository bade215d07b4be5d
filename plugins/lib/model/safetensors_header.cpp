#include "plugins/lib/model/safetensors_header.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/json.h"
#include "core/base/text.h"

namespace cairn::model {
namespace {

constexpr int kMaxDepth = 32;

// Recursive descent over the few shapes a header may have. Every method returns an Error or leaves
// the cursor after what it read.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  Result<Header> parse() {
    Header header;
    std::set<std::string> names;
    CAIRN_TRY(object([&](const std::string& name) -> Result<void> {
      if (!names.insert(name).second) return fail("the name \"" + name + "\" stands twice");
      if (name == "__metadata__") return metadata(header.metadata);
      HeaderTensor tensor;
      tensor.name = name;
      if (auto read = info(tensor); !read.ok()) {
        return with_context(std::move(read).error(), "tensor \"" + name + "\"");
      }
      header.tensors.push_back(std::move(tensor));
      return {};
    }));
    skip_space();
    if (at_ != text_.size()) return fail("bytes after the JSON object");
    return header;
  }

  Result<std::map<std::string, std::string>> parse_index() {
    std::map<std::string, std::string> files;
    bool found = false;
    CAIRN_TRY(object([&](const std::string& name) -> Result<void> {
      if (name != "weight_map") return skip_value(0);
      if (std::exchange(found, true)) return fail("the field weight_map stands twice");
      return texts(files, "tensor");
    }));
    skip_space();
    if (at_ != text_.size()) return fail("bytes after the JSON object");
    if (!found) return fail("the field weight_map is missing");
    return files;
  }

 private:
  [[nodiscard]] Error fail(const std::string& what) const {
    return corrupt(what + " (byte " + std::to_string(at_) + " of the JSON)");
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<void> expect(char c) {
    if (take(c)) return {};
    if (at_ >= text_.size()) return fail("the JSON ends too early");
    return fail(std::string("expected '") + c + "'");
  }

  template <typename Member>
  Result<void> object(const Member& member) {
    CAIRN_TRY(expect('{'));
    if (take('}')) return {};
    do {
      CAIRN_ASSIGN(const std::string name, string());
      CAIRN_TRY(expect(':'));
      CAIRN_TRY(member(name));
    } while (take(','));
    return expect('}');
  }

  template <typename Element>
  Result<void> array(const Element& element) {
    CAIRN_TRY(expect('['));
    if (take(']')) return {};
    do {
      CAIRN_TRY(element());
    } while (take(','));
    return expect(']');
  }

  // The JSON library reads what lies between the quotes; here only its end is found.
  Result<std::string> string() {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != '"') return fail("expected a string");
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) return fail("a string without end");
    const Result<json::value> value = parse_json(text_.substr(at_, end + 1 - at_));
    if (!value.ok() || !value->is_string()) return fail("a string that is not valid JSON");
    at_ = end + 1;
    return std::string(value->get_string());
  }

  Result<std::uint64_t> number() {
    skip_space();
    const std::size_t begin = at_;
    std::uint64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
      if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) {
        return fail("a number of more than 64 bits");
      }
      value = value * 10 + digit;
    }
    if (at_ == begin) return fail("expected an unsigned integer");
    if (text_[begin] == '0' && at_ > begin + 1) return fail("a number with a leading zero");
    if (at_ < text_.size() && std::string_view(".eE").find(text_[at_]) != text_.npos) {
      return fail("a number that is not written as an integer");
    }
    return value;
  }

  Result<void> metadata(std::map<std::string, std::string>& out) {
    skip_space();
    if (text_.substr(at_).starts_with("null")) {
      at_ += 4;
      return {};
    }
    return texts(out, "metadata key");
  }

  // An object of strings.
  Result<void> texts(std::map<std::string, std::string>& out, const char* what) {
    return object([&](const std::string& key) -> Result<void> {
      CAIRN_ASSIGN(std::string value, string());
      if (!out.emplace(key, std::move(value)).second) {
        return fail("the " + std::string(what) + " \"" + key + "\" stands twice");
      }
      return {};
    });
  }

  Result<void> info(HeaderTensor& tensor) {
    std::set<std::string> seen;
    std::vector<std::uint64_t> offsets;
    CAIRN_TRY(object([&](const std::string& key) -> Result<void> {
      if (!seen.insert(key).second) return fail("the field \"" + key + "\" stands twice");
      if (key == "dtype") {
        CAIRN_ASSIGN(const std::string name, string());
        CAIRN_ASSIGN(tensor.dtype, dtype_of_format(name));
        return {};
      }
      if (key == "shape") {
        return array([&]() -> Result<void> {
          CAIRN_ASSIGN(const std::uint64_t size, number());
          if (size > std::numeric_limits<std::int64_t>::max()) return fail("a dimension over 2^63");
          tensor.shape.push_back(static_cast<std::int64_t>(size));
          return {};
        });
      }
      if (key == "data_offsets") {
        return array([&]() -> Result<void> {
          CAIRN_ASSIGN(const std::uint64_t offset, number());
          offsets.push_back(offset);
          return {};
        });
      }
      return skip_value(0);
    }));
    for (const char* field : {"dtype", "shape", "data_offsets"}) {
      if (seen.count(field) == 0) return fail(std::string("the field ") + field + " is missing");
    }
    if (offsets.size() != 2) return fail("data_offsets are not two numbers");
    tensor.begin = offsets[0];
    tensor.end = offsets[1];
    return {};
  }

  Result<Dtype> dtype_of_format(const std::string& name) const {
    for (int i = 0; i <= static_cast<int>(Dtype::kU64); ++i) {
      if (name == to_string(static_cast<Dtype>(i))) return static_cast<Dtype>(i);
    }
    return fail("unknown dtype \"" + name + "\"");
  }

  // A value of a field that the format does not know.
  Result<void> skip_value(int depth) {
    skip_space();
    if (depth > kMaxDepth) return fail("nested too deeply");
    if (at_ >= text_.size()) return fail("the JSON ends too early");
    if (text_[at_] == '{') {
      return object([&](const std::string&) { return skip_value(depth + 1); });
    }
    if (text_[at_] == '[') {
      return array([&] { return skip_value(depth + 1); });
    }
    if (text_[at_] == '"') {
      CAIRN_TRY(string());
      return {};
    }
    const std::size_t end = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    if (!parse_json(text_.substr(at_, end - at_)).ok()) return fail("a value that is not JSON");
    at_ = end;
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::uint64_t> byte_size(Dtype dtype, std::span<const std::int64_t> shape) {
  std::uint64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, static_cast<std::uint64_t>(size), &count)) {
      return {};
    }
  }
  std::uint64_t bits = 0;
  if (__builtin_mul_overflow(count, bits_of(dtype), &bits) || bits % 8 != 0) return {};
  return bits / 8;
}

Result<Header> parse_header(std::string_view text) {
  if (!is_valid_utf8(text)) return corrupt("the header is not valid UTF-8");
  if (!text.starts_with('{')) return corrupt("the header does not begin with '{'");
  return HeaderParser(text).parse();
}

Result<std::map<std::string, std::string>> parse_index(std::string_view text) {
  if (!is_valid_utf8(text)) return corrupt("it is not valid UTF-8");
  return HeaderParser(text).parse_index();
}

std::string conversion_of_pickled(const std::string& path) {
  return path +
         " is pickled by Python, which can run programs where it is opened, and Cairn never opens "
         "it; where you trust it, convert it: python3 -c \"import torch, safetensors.torch as s; "
         "s.save_file({k: v.clone() for k, v in torch.load('" +
         path + "', weights_only=True).items()}, 'model.safetensors')\"";
}

Result<void> check_layout(Header& header, std::uint64_t data_bytes) {
  std::sort(header.tensors.begin(), header.tensors.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t at = 0;
  for (const HeaderTensor& tensor : header.tensors) {
    const std::string name = "tensor \"" + tensor.name + "\"";
    if (tensor.begin != at) {
      return corrupt(name + " begins at " + std::to_string(tensor.begin) +
                     ", the one before ends at " + std::to_string(at));
    }
    if (tensor.end < tensor.begin) return corrupt(name + " ends before it begins");
    if (tensor.end > data_bytes) {
      return corrupt(name + " ends at byte " + std::to_string(tensor.end) + " of " +
                         std::to_string(data_bytes) + " bytes of data",
                     "the file is cut short: copy it anew");
    }
    const std::optional<std::uint64_t> bytes = byte_size(tensor.dtype, tensor.shape);
    if (!bytes) return corrupt(name + " has a shape whose size is no number of bytes");
    if (*bytes != tensor.end - tensor.begin) {
      return corrupt(name + " needs " + std::to_string(*bytes) + " bytes and has " +
                     std::to_string(tensor.end - tensor.begin));
    }
    at = tensor.end;
  }
  if (at != data_bytes) {
    return corrupt("the tensors end at byte " + std::to_string(at) + " of " +
                   std::to_string(data_bytes) + " bytes of data");
  }
  return {};
}

}  // namespace cairn::model
