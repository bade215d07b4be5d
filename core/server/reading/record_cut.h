// Records as a page shows them: long texts and lists cut, and marked where.
#pragma once

#include <cstddef>

#include "core/base/json.h"

namespace cairn {

struct CutLimits {
  std::size_t text = std::size_t{16} << 10;    // bytes of a string
  std::size_t items = 256;                     // of a list or object
  std::size_t bytes = std::size_t{128} << 10;  // of the whole record as JSON; smaller limits follow
};

struct CutRecord {
  json::object record;
  // {"path": JSON Pointer (RFC 6901),"bytes": of the whole text, or "items": of the whole list}
  json::array cut;
};
// Pure.
[[nodiscard]] CutRecord cut_record(const json::object& record, const CutLimits& limits = {});

}  // namespace cairn
