// What a GGUF file of the architecture llama holds, in the terms of a Hugging Face model folder.
// What Cairn would compute otherwise than the file means is an error naming the key or tensor.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/config.h"
#include "plugins/lib/model/gguf.h"

namespace cairn::model {

// kInvalidArgument for another architecture, other scaling of positions, a part of a split file, or
// a key of the architecture that Cairn does not know.
[[nodiscard]] Result<ModelConfig> gguf_config(const GgufFile& file);

struct GgufParameter {
  std::string name;  // of the checkpoint: "model.layers.0.self_attn.q_proj.weight"
  const GgufTensor* tensor = nullptr;
  std::int64_t interleaved_heads = 0;  // above 0: so many heads, their rows in pairs
};

// One for each tensor of the file, sorted by name. A tensor that is missing, unknown or of another
// shape than the configuration's is an error.
[[nodiscard]] Result<std::vector<GgufParameter>> gguf_parameters(const GgufFile& file,
                                                                 const ModelConfig& config);

// All values of a parameter as float32. GGUF stores the rows of q and k of each head as pairs that
// are rotated together (0, d/2, 1, d/2+1, ...); here they stand as rotate-half wants them.
[[nodiscard]] std::vector<float> gguf_values(const GgufParameter& parameter);

// tokenizer.json, tokenizer_config.json and generation_config.json by their names: byte-level BPE
// of the kind `smollm` (every digit alone, then GPT-2's pattern), tokens of type control as special
// added tokens, of type user-defined as added tokens, the chat template as it stands.
[[nodiscard]] Result<std::map<std::string, std::string>> gguf_tokenizer_files(
    const GgufFile& file, const ModelConfig& config);

}  // namespace cairn::model
