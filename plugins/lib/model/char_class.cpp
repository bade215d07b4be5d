#include "plugins/lib/model/char_class.h"

#include <unicode/uchar.h>
#include <unicode/uniset.h>

#include <map>
#include <string>

#include "core/base/result.h"

namespace cairn::model {
namespace {

struct Range {
  char32_t first, last;
};

// Assigned after Unicode 15.0, ICU 72's version.
constexpr Range kNewLetters[] = {
    {0x1c89, 0x1c8a},   {0xa7cb, 0xa7cd},   {0xa7da, 0xa7dc},   {0x105c0, 0x105f3},
    {0x10d4a, 0x10d65}, {0x10d6f, 0x10d85}, {0x10ec2, 0x10ec4}, {0x11380, 0x11389},
    {0x1138b, 0x1138b}, {0x1138e, 0x1138e}, {0x11390, 0x113b5}, {0x113b7, 0x113b7},
    {0x113d1, 0x113d1}, {0x113d3, 0x113d3}, {0x11bc0, 0x11be0}, {0x13460, 0x143fa},
    {0x16100, 0x1611d}, {0x16d40, 0x16d6c}, {0x18cff, 0x18cff}, {0x1e5d0, 0x1e5ed},
    {0x1e5f0, 0x1e5f0}, {0x2ebf0, 0x2ee5d}};
constexpr Range kNewNumbers[] = {{0x10d40, 0x10d49}, {0x116d0, 0x116e3}, {0x11bf0, 0x11bf9},
                                 {0x16130, 0x16139}, {0x16d70, 0x16d79}, {0x1ccf0, 0x1ccf9},
                                 {0x1e5f1, 0x1e5fa}};

using Flat = std::vector<std::uint8_t>;  // by code point

void mark(Flat& classes, const Range& range, std::uint8_t bit) {
  for (char32_t c = range.first; c <= range.last; ++c) classes[c] |= bit;
}

UBool U_CALLCONV mark_type(const void* context, UChar32 start, UChar32 limit, UCharCategory type) {
  auto& classes = *const_cast<Flat*>(static_cast<const Flat*>(context));
  const auto mask = U_MASK(type);
  const Range range{static_cast<char32_t>(start), static_cast<char32_t>(limit) - 1};
  if ((mask & U_GC_L_MASK) != 0) mark(classes, range, kLetter);
  if ((mask & U_GC_N_MASK) != 0) mark(classes, range, kNumber);
  return true;
}

void mark_set(Flat& classes, const char* pattern, std::uint8_t bit) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeSet set(icu::UnicodeString::fromUTF8(pattern), status);
  if (U_FAILURE(status)) {
    fail_unwrap(
        internal_error(std::string("ICU lacks Unicode properties: ") + u_errorName(status)));
  }
  for (int i = 0; i < set.getRangeCount(); ++i) {
    mark(classes,
         {static_cast<char32_t>(set.getRangeStart(i)), static_cast<char32_t>(set.getRangeEnd(i))},
         bit);
  }
}

}  // namespace

const CharClasses& CharClasses::get() {
  static const CharClasses classes;
  return classes;
}

CharClasses::CharClasses() {
  Flat flat(0x110000, 0);
  u_enumCharTypes(mark_type, &flat);
  for (const Range& range : kNewLetters) mark(flat, range, kLetter);
  for (const Range& range : kNewNumbers) mark(flat, range, kNumber);
  mark_set(flat, "[:White_Space:]", kSpace);
  mark_set(flat, "[[:NFC_QC=No:][:NFC_QC=Maybe:][:^ccc=0:]]", kMayCompose);
  std::map<std::string, std::uint16_t> known;
  for (std::size_t page = 0; page < page_.size(); ++page) {
    const auto begin = flat.begin() + static_cast<std::ptrdiff_t>(page << 8);
    const std::string block(begin, begin + 256);
    const auto [entry, is_new] = known.emplace(block, static_cast<std::uint16_t>(known.size()));
    if (is_new) blocks_.insert(blocks_.end(), block.begin(), block.end());
    page_[page] = entry->second;
  }
}

}  // namespace cairn::model
