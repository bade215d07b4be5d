#include "plugins/lib/model/normal_form.h"

#include <unicode/bytestream.h>
#include <unicode/edits.h>
#include <unicode/normalizer2.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/base/result.h"
#include "plugins/lib/model/char_class.h"

namespace cairn::model {
namespace {

constexpr std::size_t kMostAtOnce = std::size_t{1} << 28;  // ICU counts bytes in 32 bits

// Where a text can be cut so that NFC of both parts is NFC of the whole.
std::size_t end_of_part(std::string_view text, std::size_t begin) {
  if (text.size() - begin <= kMostAtOnce) return text.size();
  const CharClasses& classes = CharClasses::get();
  std::size_t last = begin + kMostAtOnce;
  while (U8_IS_TRAIL(text[last])) --last;
  for (std::size_t at = last; at > begin; --at) {
    if (U8_IS_TRAIL(text[at])) continue;
    if ((classes.of(code_point_at(text, at).value) & kMayCompose) == 0) return at;
  }
  return last;
}

void append_nfc(std::string_view part, std::size_t source, std::string& out, Alignment* from) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFCInstance(status);
  const std::size_t begin = out.size();
  icu::Edits edits;
  if (U_SUCCESS(status)) {
    icu::StringByteSink<std::string> sink(&out);
    normalizer->normalizeUTF8(0,
                              icu::StringPiece(part.data(), static_cast<std::int32_t>(part.size())),
                              sink, from != nullptr ? &edits : nullptr, status);
  }
  if (U_FAILURE(status)) {
    fail_unwrap(internal_error(std::string("ICU cannot normalise text: ") + u_errorName(status)));
  }
  if (from == nullptr) return;
  for (auto change = edits.getFineChangesIterator(); change.next(status);) {
    const std::size_t old_begin = source + static_cast<std::size_t>(change.sourceIndex());
    const std::size_t new_begin = begin + static_cast<std::size_t>(change.destinationIndex());
    from->add({old_begin, old_begin + static_cast<std::size_t>(change.oldLength())},
              {new_begin, new_begin + static_cast<std::size_t>(change.newLength())});
  }
}

}  // namespace

const Alignment::Change* Alignment::at_or_before(std::size_t position) const {
  const auto after =
      std::upper_bound(changes_.begin(), changes_.end(), position,
                       [](std::size_t p, const Change& c) { return p < c.rewritten.begin; });
  return after == changes_.begin() ? nullptr : &*(after - 1);
}

ByteSpan Alignment::source_of(ByteSpan range) const {
  if (const Change* change = at_or_before(range.begin)) {
    range.begin = range.begin < change->rewritten.end
                      ? change->source.begin
                      : range.begin - change->rewritten.end + change->source.end;
  }
  if (const Change* change = range.end > 0 ? at_or_before(range.end - 1) : nullptr) {
    range.end = range.end <= change->rewritten.end
                    ? change->source.end
                    : range.end - change->rewritten.end + change->source.end;
  }
  return range;
}

std::string lossy_utf8(std::string_view bytes, Alignment* from) {
  std::string out;
  out.reserve(bytes.size());
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto length = static_cast<std::int64_t>(bytes.size());
  for (std::int64_t at = 0; at < length;) {
    const std::int64_t begin = at;
    UChar32 code_point = 0;
    U8_NEXT(data, at, length, code_point);
    const auto first = static_cast<std::size_t>(begin);
    if (code_point >= 0) {
      out.append(bytes.substr(first, static_cast<std::size_t>(at - begin)));
      continue;
    }
    if (from != nullptr) {
      from->add({first, static_cast<std::size_t>(at)}, {out.size(), out.size() + 3});
    }
    out += "\xef\xbf\xbd";
  }
  return out;
}

bool surely_nfc(std::string_view text) {
  const CharClasses& classes = CharClasses::get();
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      std::uint64_t eight = 0;
      while (at + 8 <= text.size()) {
        std::memcpy(&eight, text.data() + at, 8);
        if ((eight & 0x8080808080808080U) != 0) break;
        at += 8;
      }
      while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
      continue;
    }
    const CodePoint point = code_point_at(text, at);
    if ((classes.of(point.value) & kMayCompose) != 0) return false;
    at += point.size;
  }
  return true;
}

std::size_t unfinished_bytes(std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto size = static_cast<std::int64_t>(bytes.size());
  for (std::int64_t back = 1; back <= std::min<std::int64_t>(3, size); ++back) {
    std::int64_t at = size - back;
    if (U8_IS_TRAIL(data[at])) continue;
    const std::int64_t needed = U8_COUNT_TRAIL_BYTES(data[at]) + 1;
    // The rest of a code point never changes how many of its first bytes are valid: a prefix that
    // is one maximal part may still grow, any other is broken already.
    UChar32 point = 0;
    U8_NEXT(data, at, size, point);
    return needed > back && at == size ? static_cast<std::size_t>(back) : 0;
  }
  return 0;
}

std::string nfc(std::string_view text, Alignment* from) {
  if (surely_nfc(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = end_of_part(text, at);
    append_nfc(text.substr(at, end - at), at, out, from);
    at = end;
  }
  return out;
}

}  // namespace cairn::model
