// GGUF files made by hand, for tests: whatever is asked for, also what no writer would write.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::model {

class GgufBuilder {
 public:
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;

  void text(std::string_view key, std::string_view value) {
    begin_key(key, 8);
    string(keys_, value);
  }
  void u32(std::string_view key, std::uint32_t value) { fixed(key, 4, value); }
  void u64(std::string_view key, std::uint64_t value) { fixed(key, 10, value); }
  void i32(std::string_view key, std::int32_t value) { fixed(key, 5, value); }
  void f32(std::string_view key, float value) { fixed(key, 6, value); }
  void flag(std::string_view key, bool value) {
    fixed(key, 7, static_cast<std::uint8_t>(value ? 1 : 0));
  }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    begin_key(key, 9);
    number(keys_, std::uint32_t{8});
    number(keys_, static_cast<std::uint64_t>(values.size()));
    for (const std::string& value : values) string(keys_, value);
  }
  void integers(std::string_view key, const std::vector<std::int32_t>& values) {
    begin_key(key, 9);
    number(keys_, std::uint32_t{5});
    number(keys_, static_cast<std::uint64_t>(values.size()));
    for (const std::int32_t value : values) number(keys_, value);
  }
  // A key whose value's bytes are given.
  void raw(std::string_view key, std::uint32_t kind, std::string_view bytes) {
    begin_key(key, kind);
    keys_ += bytes;
  }

  // sizes: the fastest first, as the file has them.
  void tensor(std::string_view name, const std::vector<std::uint64_t>& sizes, std::uint32_t type,
              std::string_view data) {
    data_.resize((data_.size() + alignment - 1) / alignment * alignment, '\0');
    tensor_at(name, sizes, type, data_.size());
    data_ += data;
  }
  // The same without data, at any offset.
  void tensor_at(std::string_view name, const std::vector<std::uint64_t>& sizes, std::uint32_t type,
                 std::uint64_t offset) {
    string(tensors_, name);
    number(tensors_, static_cast<std::uint32_t>(sizes.size()));
    for (const std::uint64_t size : sizes) number(tensors_, size);
    number(tensors_, type);
    number(tensors_, offset);
    ++tensor_count_;
  }

  [[nodiscard]] std::string bytes() const {
    std::string out = "GGUF";
    number(out, version);
    number(out, tensor_count_);
    number(out, key_count_);
    out += keys_ + tensors_;
    out.resize((out.size() + alignment - 1) / alignment * alignment, '\0');
    return out + data_;
  }

  template <typename T>
  static void number(std::string& to, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    to.append(bytes, sizeof value);
  }
  static void string(std::string& to, std::string_view value) {
    number(to, static_cast<std::uint64_t>(value.size()));
    to += value;
  }

 private:
  void begin_key(std::string_view key, std::uint32_t kind) {
    string(keys_, key);
    number(keys_, kind);
    ++key_count_;
  }
  template <typename T>
  void fixed(std::string_view key, std::uint32_t kind, T value) {
    begin_key(key, kind);
    number(keys_, value);
  }

  std::string keys_, tensors_, data_;
  std::uint64_t key_count_ = 0;
  std::uint64_t tensor_count_ = 0;
};

inline std::string f32_bytes(const std::vector<float>& values) {
  std::string out;
  for (const float value : values) GgufBuilder::number(out, value);
  return out;
}

// What the small model of small_llama() is made of.
struct SmallLlama {
  std::uint32_t layers = 2, hidden = 32, inner = 64, heads = 4, kv_heads = 2, vocab = 262;
  bool tied = true;
  std::string leave_out = {};  // a key or tensor

  // Distinct for every tensor and place.
  [[nodiscard]] static float value(std::size_t tensor, std::size_t at) {
    return static_cast<float>(tensor) + static_cast<float>(at % 8192) / 8192.0F;
  }
};

// A whole GGUF file of architecture llama in F32 with a tokenizer of the kind smollm: three control
// tokens, one user-defined, the 256 bytes' characters, two merges. `more` may add keys.
template <typename More>
GgufBuilder small_llama(const SmallLlama& model, const More& more) {
  GgufBuilder file;
  const auto wanted = [&](std::string_view name) { return name != model.leave_out; };
  const auto u32 = [&](std::string_view key, std::uint32_t value) {
    if (wanted(key)) file.u32(key, value);
  };
  if (wanted("general.architecture")) file.text("general.architecture", "llama");
  u32("llama.block_count", model.layers);
  u32("llama.context_length", 128);
  u32("llama.embedding_length", model.hidden);
  u32("llama.feed_forward_length", model.inner);
  u32("llama.attention.head_count", model.heads);
  u32("llama.attention.head_count_kv", model.kv_heads);
  u32("llama.rope.dimension_count", model.hidden / model.heads);
  file.f32("llama.rope.freq_base", 50000.0F);
  file.f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  if (wanted("tokenizer.ggml.model")) file.text("tokenizer.ggml.model", "gpt2");
  if (wanted("tokenizer.ggml.pre")) file.text("tokenizer.ggml.pre", "smollm");
  std::vector<std::string> tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool>"};
  std::vector<std::int32_t> types = {3, 3, 3, 4};
  // GPT-2's alphabet: printable bytes stand for themselves, the others from U+0100 on.
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool itself = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    const unsigned code = itself ? byte : next++;
    std::string token;
    if (code < 0x80) {
      token = std::string(1, static_cast<char>(code));
    } else {
      token = {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
    }
    tokens.push_back(token);
  }
  tokens.insert(tokens.end(), {"th", "the"});
  types.resize(tokens.size(), 1);
  file.texts("tokenizer.ggml.tokens", tokens);
  file.integers("tokenizer.ggml.token_type", types);
  file.texts("tokenizer.ggml.merges", {"t h", "th e"});
  file.u32("tokenizer.ggml.bos_token_id", 1);
  file.u32("tokenizer.ggml.eos_token_id", 2);
  file.u32("tokenizer.ggml.padding_token_id", 2);
  file.text("tokenizer.chat_template", "{{ messages }}");
  more(file);
  std::size_t number = 0;
  const auto add = [&](const std::string& name, std::uint64_t width, std::uint64_t rows) {
    ++number;
    if (!wanted(name)) return;
    std::vector<float> values(width * std::max<std::uint64_t>(rows, 1));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = SmallLlama::value(number, i);
    file.tensor(
        name,
        rows == 0 ? std::vector<std::uint64_t>{width} : std::vector<std::uint64_t>{width, rows}, 0,
        f32_bytes(values));
  };
  const std::uint64_t h = model.hidden, f = model.inner, kv = h / model.heads * model.kv_heads;
  add("token_embd.weight", h, model.vocab);
  for (std::uint32_t i = 0; i < model.layers; ++i) {
    const std::string layer = "blk." + std::to_string(i) + ".";
    add(layer + "attn_norm.weight", h, 0);
    add(layer + "attn_q.weight", h, h);
    add(layer + "attn_k.weight", h, kv);
    add(layer + "attn_v.weight", h, kv);
    add(layer + "attn_output.weight", h, h);
    add(layer + "ffn_norm.weight", h, 0);
    add(layer + "ffn_gate.weight", h, f);
    add(layer + "ffn_up.weight", h, f);
    add(layer + "ffn_down.weight", f, h);
  }
  add("output_norm.weight", h, 0);
  if (!model.tied) add("output.weight", h, model.vocab);
  return file;
}
inline GgufBuilder small_llama(const SmallLlama& model = {}) {
  return small_llama(model, [](GgufBuilder&) {});
}

}  // namespace cairn::model
