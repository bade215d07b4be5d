#include "plugins/lib/model/jinja_text.h"

#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace cairn::model::jinja {
namespace {

// Bytes of the character that begins here.
std::size_t character_size(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead < 0xc2   ? 1
                           : lead < 0xe0 ? 2
                           : lead < 0xf0 ? 3
                           : lead < 0xf5 ? 4
                                         : 1;
  if (at + size > text.size()) return 1;
  for (std::size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 1;
  }
  return size;
}

// Where the last character begins.
std::size_t last_character(std::string_view text) {
  for (std::size_t back = std::min<std::size_t>(4, text.size()); back > 1; --back) {
    const std::size_t at = text.size() - back;
    if (character_size(text, at) == back) return at;
  }
  return text.size() - 1;
}

bool is_space(std::string_view character) {
  constexpr std::array<std::string_view, 19> kWide = {
      "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
      "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
      "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
      "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
  if (character.size() > 1) return std::find(kWide.begin(), kWide.end(), character) != kWide.end();
  const char c = character[0];
  return c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1c' && c <= '\x1f');
}

void append_json(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto which = std::string_view("\"\\\n\r\t\b\f").find(c);
    if (which != std::string_view::npos) {
      out += '\\';
      out += "\"\\nrtbf"[which];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += std::string("\\u00") + kHex[c >> 4] + kHex[c & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

class JsonWriter {
 public:
  JsonWriter(std::string& out, std::int64_t indent) : out_(out), indent_(indent) {}

  Result<void> write(const Value& value) {
    if (value.is_none()) {
      out_ += "null";
    } else if (value.is<bool>()) {
      out_ += value.truth() ? "true" : "false";
    } else if (const std::string* text = value.as_text()) {
      append_json(out_, *text);
    } else if (value.as_number()) {
      CAIRN_ASSIGN(const std::string number, value.to_text());
      out_ += number;
    } else if (const auto* list = value.as_list()) {
      return write_all('[', ']', list->size(), [&](std::size_t i) { return write((*list)[i]); });
    } else if (const Dict* dict = value.as_dict()) {
      return write_all('{', '}', dict->members.size(), [&](std::size_t i) {
        append_json(out_, dict->members[i].first);
        out_ += ": ";
        return write(dict->members[i].second);
      });
    } else {
      return invalid_argument(std::string(value.kind()) + " is written as JSON");
    }
    return {};
  }

 private:
  template <typename WriteOne>
  Result<void> write_all(char open, char close, std::size_t count, const WriteOne& write_one) {
    out_ += open;
    ++depth_;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_ += indent_ < 0 ? ", " : ",";
      new_line();
      CAIRN_TRY(write_one(i));
    }
    --depth_;
    if (count > 0) new_line();
    out_ += close;
    return {};
  }

  void new_line() {
    if (indent_ >= 0) out_.append(1, '\n').append(static_cast<std::size_t>(indent_) * depth_, ' ');
  }

  std::string& out_;
  std::int64_t indent_;
  std::size_t depth_ = 0;
};

}  // namespace

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> all;
  for (std::size_t at = 0; at < text.size(); at += all.back().size()) {
    all.push_back(text.substr(at, character_size(text, at)));
  }
  return all;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += character_size(text, at)) ++count;
  return count;
}

std::string_view part_of(std::string_view text, std::size_t begin, std::size_t count) {
  std::size_t from = 0;
  while (begin-- > 0 && from < text.size()) from += character_size(text, from);
  std::size_t to = from;
  while (count-- > 0 && to < text.size()) to += character_size(text, to);
  return text.substr(from, to - from);
}

std::string_view strip(std::string_view text, Side side, std::optional<std::string_view> chars) {
  std::vector<std::string_view> set;
  if (chars) set = characters(*chars);
  std::sort(set.begin(), set.end());
  const auto goes = [&](std::string_view character) {
    return chars ? std::binary_search(set.begin(), set.end(), character) : is_space(character);
  };
  while (side != Side::kRight && !text.empty()) {
    const std::size_t size = character_size(text, 0);
    if (!goes(text.substr(0, size))) break;
    text.remove_prefix(size);
  }
  while (side != Side::kLeft && !text.empty()) {
    const std::size_t last = last_character(text);
    if (!goes(text.substr(last))) break;
    text = text.substr(0, last);
  }
  return text;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator,
                                    std::int64_t limit) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  while (limit < 0 || static_cast<std::int64_t>(parts.size()) < limit) {
    const std::size_t end = find_part(text, separator, begin);
    if (end == std::string_view::npos) break;
    parts.push_back(text.substr(begin, end - begin));
    begin = end + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<std::string_view> split_at_space(std::string_view text, std::int64_t limit) {
  std::vector<std::string_view> parts;
  text = strip(text, Side::kLeft);
  while (!text.empty()) {
    std::size_t end = 0;
    if (limit >= 0 && static_cast<std::int64_t>(parts.size()) == limit) {
      end = text.size();
    } else {
      while (end < text.size() && !is_space(text.substr(end, character_size(text, end)))) {
        end += character_size(text, end);
      }
    }
    parts.push_back(text.substr(0, end));
    text = strip(text.substr(end), Side::kLeft);
  }
  return parts;
}

std::size_t find_part(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* found = ::memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::string lower(std::string_view text) {
  std::string made;
  icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int>(text.size())))
      .toLower(icu::Locale::getRoot())
      .toUTF8String(made);
  return made;
}

std::string upper(std::string_view text) {
  std::string made;
  icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int>(text.size())))
      .toUpper(icu::Locale::getRoot())
      .toUTF8String(made);
  return made;
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto made = std::to_chars(buffer, std::end(buffer), value, std::chars_format::scientific);
  const std::string_view shortest(buffer, static_cast<std::size_t>(made.ptr - buffer));
  int exponent = 0;
  const std::size_t mark = shortest.find('e');
  const char* digits = shortest.data() + mark + 1;
  std::from_chars(*digits == '+' ? digits + 1 : digits, made.ptr, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(shortest);
  const auto plain = std::to_chars(buffer, std::end(buffer), value, std::chars_format::fixed);
  std::string text(buffer, plain.ptr);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

Result<std::string> to_json(const Value& value, std::int64_t indent) {
  std::string out;
  CAIRN_TRY(JsonWriter(out, indent).write(value));
  return out;
}

}  // namespace cairn::model::jinja
