#include "core/server/reading/rollouts/body_head.h"

namespace cairn::reading {
namespace {

// Walks over JSON text that may end anywhere.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  bool take(char symbol) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != symbol) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  // The text between the quotes, as it is spelled; it may end with what was read.
  std::string_view quoted() {
    if (!take('"')) return {};
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    const std::size_t end = std::min(at_, text_.size());
    at_ = end + 1;
    return text_.substr(begin, end - begin);
  }
  // False where what was read ends within it.
  bool skip_value() {
    std::size_t depth = 0;
    do {
      const char next = peek();
      if (next == '"') {
        (void)quoted();
      } else if (next == '{' || next == '[') {
        ++depth;
        ++at_;
      } else if (next == '}' || next == ']') {
        if (depth == 0) return false;
        --depth;
        ++at_;
      } else if (next == ',' || next == ':') {
        if (depth == 0) return false;
        ++at_;
      } else if (!skip_word()) {
        return false;
      }
    } while (depth > 0);
    return at_ < text_.size();
  }

 private:
  bool skip_word() {
    const std::size_t end = text_.find_first_of(",:{}[]\" \t\r\n", at_);
    if (end == at_ || end == std::string_view::npos) return false;
    at_ = end;
    return true;
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

// Bytes that the escape at the beginning takes; 0 where it is cut.
std::size_t escape_length(std::string_view text) {
  const auto is_unicode = [](std::string_view at) {
    return at.size() >= 6 && at[0] == '\\' && at[1] == 'u';
  };
  if (text.size() < 2) return 0;
  if (text[1] != 'u') return 2;
  if (!is_unicode(text)) return 0;
  const bool high = (text[2] == 'd' || text[2] == 'D') &&
                    std::string_view("89abAB").find(text[3]) != std::string_view::npos;
  if (!high) return 6;
  return is_unicode(text.substr(6)) ? 12 : 0;
}

std::size_t code_point_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// What the spelled text stands for, as far as it is whole.
std::optional<std::string> unescaped(std::string_view spelled, std::size_t most) {
  std::size_t at = 0;
  for (std::size_t decoded = 0; at < spelled.size();) {
    const bool escape = spelled[at] == '\\';
    const std::size_t length =
        escape ? escape_length(spelled.substr(at)) : code_point_length(spelled[at]);
    if (length == 0 || at + length > spelled.size()) break;
    decoded += escape ? (length == 2 ? 1 : length == 6 ? 3 : 4) : length;
    if (decoded > most) break;
    at += length;
  }
  const auto value = parse_json("\"" + std::string(spelled.substr(0, at)) + "\"");
  if (!value.ok() || !value->is_string()) return std::nullopt;
  return std::string(value->as_string());
}

void cut_texts_of(json::value& value, std::size_t most) {
  if (auto* object = value.if_object()) cut_texts(*object, most);
  if (auto* list = value.if_array())
    for (auto& item : *list) cut_texts_of(item, most);
}

}  // namespace

std::optional<std::string> text_member(std::string_view head, std::string_view key,
                                       std::size_t most) {
  Walker walker(head);
  if (!walker.take('{')) return std::nullopt;
  while (walker.peek() == '"') {
    const std::string_view name = walker.quoted();
    if (!walker.take(':')) return std::nullopt;
    if (name == key) {
      if (walker.peek() != '"') return std::nullopt;
      return unescaped(walker.quoted(), most);
    }
    if (!walker.skip_value() || !walker.take(',')) return std::nullopt;
  }
  return std::nullopt;
}

void cut_texts(json::object& object, std::size_t most) {
  json::object cut;
  for (auto& member : object) {
    if (auto* text = member.value().if_string(); text != nullptr && text->size() > most) {
      cut[member.key()] = text->size();
      text->resize(text_head(*text, most).size());
    } else {
      cut_texts_of(member.value(), most);
    }
  }
  if (!cut.empty()) object["cut"] = std::move(cut);
}

}  // namespace cairn::reading
