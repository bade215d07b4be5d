// generation_config.json of a model folder.
#pragma once

#include "core/base/json.h"
#include "plugins/lib/model/config.h"

namespace cairn::model {

// bos_token_id, eos_token_id (one id or a list) and pad_token_id, those that the model has.
[[nodiscard]] json::object generation_config(const ModelConfig& config);

}  // namespace cairn::model
