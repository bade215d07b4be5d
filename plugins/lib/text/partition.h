// Which documents training never sees (RECIPE §6: evaluation on held-out documents).
#pragma once

#include <string_view>

namespace cairn::text {

// One document in six, chosen by its id alone (the first 8 bytes of its SHA-256, big-endian, modulo
// 6): every stage that splits by document, in every run and with every seed, splits alike.
// Documents that share an item must lie on the same side.
[[nodiscard]] bool held_out(std::string_view document_id);

}  // namespace cairn::text
