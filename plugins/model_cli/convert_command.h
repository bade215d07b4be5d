// `cairn-model convert`: its options, and the bar that shows how far it is.
#pragma once

#include <string>

#include "core/base/result.h"

namespace cairn::model {

struct ConvertArguments {
  std::string source;
  std::string target;
  std::string dtype;               // empty: as stored
  std::string shard_size = "5GB";  // as core/base/quantity.h reads bytes
};

// A bar on stderr while it works, where that is a terminal; "TARGET: N tensors, SIZE" on stdout.
[[nodiscard]] Result<void> run_convert(const ConvertArguments& arguments);

}  // namespace cairn::model
