// The element types of GGUF by their numbers; private to gguf*.cpp.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/lib/model/gguf.h"

namespace cairn::model {

struct GgufTypeInfo {
  GgufType type;
  const char* name;
  std::int64_t block;   // values
  std::uint64_t bytes;  // of a block
};

// nullptr for those that Cairn does not read.
[[nodiscard]] const GgufTypeInfo* gguf_type(std::uint32_t number);
// "Q6_K", or "number 77" for one that has no name here.
[[nodiscard]] std::string gguf_type_name(std::uint32_t number);

}  // namespace cairn::model
