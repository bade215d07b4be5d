// Deterministic damage to files: what bit rot, cut downloads and hostile writers do.
#pragma once

#include <string>
#include <vector>

#include "core/base/random.h"

namespace cairn::fuzz {

// One to eight changes: bits, bytes, whole numbers of 4 and 8 bytes, decimal numbers in text, parts
// removed, doubled, moved or taken from another input, the end cut off. Nine of ten changes begin
// below `head`, where a format's own structure lies.
[[nodiscard]] std::string mutate(std::string input, std::size_t head,
                                 const std::vector<std::string>& others, RandomStream& random);

// Valid JSON with a value somewhere replaced, removed or doubled; the input as it is when it is no
// JSON object.
[[nodiscard]] std::string mutate_json(const std::string& input, RandomStream& random);

}  // namespace cairn::fuzz
