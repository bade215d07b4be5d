// Where the bytes of a rewritten text come from.
#pragma once

#include <cstddef>
#include <vector>

namespace cairn::model {

// A half-open range of bytes.
struct ByteSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const ByteSpan&) const = default;
};

// The stretches that a rewriting changed; what lies between them was copied.
class Alignment {
 public:
  // Stretches come in order and do not overlap; none is empty in the rewritten text.
  void add(ByteSpan source, ByteSpan rewritten) { changes_.push_back({source, rewritten}); }

  // The source of a range of the rewritten text: a copied byte is its own source, a byte of a
  // changed stretch comes from the whole stretch.
  [[nodiscard]] ByteSpan source_of(ByteSpan range) const;

 private:
  struct Change {
    ByteSpan source, rewritten;
  };
  // The last change that begins at or before a position; null if there is none.
  [[nodiscard]] const Change* at_or_before(std::size_t position) const;
  std::vector<Change> changes_;
};

}  // namespace cairn::model
