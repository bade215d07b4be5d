#include "plugins/lib/text/partition.h"

#include <charconv>

#include "core/base/digest.h"

namespace cairn::text {

bool held_out(std::string_view document_id) {
  const Digest digest = digest_of(document_id);
  const std::string_view head = digest_hex(digest).substr(0, 16);
  std::uint64_t value = 0;
  std::from_chars(head.data(), head.data() + head.size(), value, 16);
  return value % 6 == 0;
}

}  // namespace cairn::text
