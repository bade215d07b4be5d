// `cairn-model inspect`: what a model's files hold, from their headers alone.
#pragma once

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn::model {

// path: a model folder, a .safetensors file or a GGUF file. {"format", "parameters" (values in
// tensors), "bytes", "config" (as Cairn writes it; of a GGUF file that it can import; not of a
// safetensors file), "metadata" (of a file), "tensors": {name: {"dtype", "shape", "bytes", "file"
// (of a folder)}}}
[[nodiscard]] Result<json::object> inspect_model(const fs::path& path);

}  // namespace cairn::model
