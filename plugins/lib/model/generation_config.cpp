#include "plugins/lib/model/generation_config.h"

namespace cairn::model {

json::object generation_config(const ModelConfig& config) {
  json::object object;
  if (config.bos_id >= 0) object["bos_token_id"] = config.bos_id;
  if (config.eos_ids.size() == 1) {
    object["eos_token_id"] = config.eos_ids.front();
  } else if (!config.eos_ids.empty()) {
    object["eos_token_id"] = json::array(config.eos_ids.begin(), config.eos_ids.end());
  }
  if (config.pad_id >= 0) object["pad_token_id"] = config.pad_id;
  return object;
}

}  // namespace cairn::model
