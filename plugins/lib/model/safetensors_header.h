// The JSON header of a safetensors file, parsed strictly: duplicate names, numbers that are no
// plain unsigned integers, and anything after the object are errors.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/safetensors.h"

namespace cairn::model {

struct HeaderTensor {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // of the data section
  std::uint64_t end = 0;
};

struct Header {
  std::vector<HeaderTensor> tensors;  // as written
  std::map<std::string, std::string> metadata;
};

[[nodiscard]] Result<Header> parse_header(std::string_view text);

// Tensor -> file, from the text of model.safetensors.index.json. Refused as strictly.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_index(std::string_view text);

// Bytes of a tensor, or nothing when the product overflows or does not end at a byte.
[[nodiscard]] std::optional<std::uint64_t> byte_size(Dtype dtype,
                                                     std::span<const std::int64_t> shape);

// Sorts the tensors by their data and checks sizes, gaps, overlaps and the end against data_bytes.
[[nodiscard]] Result<void> check_layout(Header& header, std::uint64_t data_bytes);

// What to do with a file that Python pickled: such a one may run any program when it is opened, so
// Cairn opens none.
[[nodiscard]] std::string conversion_of_pickled(const std::string& path);

}  // namespace cairn::model
