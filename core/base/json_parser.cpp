// parse_json. Boost.JSON 1.81's own parser may be off by an ulp in doubles; this handler takes the
// number's text to std::from_chars instead, so that write and parse give back the same bits.
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>

#include "core/base/json.h"

namespace cairn {
namespace {

class ExactHandler {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  bool on_document_begin(json::error_code&) { return (stack_.reset(), true); }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t n, json::error_code&) { return (stack_.push_object(n), true); }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t n, json::error_code&) { return (stack_.push_array(n), true); }
  bool on_key_part(json::string_view s, std::size_t, json::error_code&) {
    return (stack_.push_chars(s), true);
  }
  bool on_key(json::string_view s, std::size_t, json::error_code&) {
    return (stack_.push_key(s), true);
  }
  bool on_string_part(json::string_view s, std::size_t, json::error_code&) {
    return (stack_.push_chars(s), true);
  }
  bool on_string(json::string_view s, std::size_t, json::error_code&) {
    return (stack_.push_string(s), true);
  }
  bool on_number_part(json::string_view s, json::error_code&) {
    return (number_.append(s.data(), s.size()), true);
  }
  bool on_int64(std::int64_t value, json::string_view, json::error_code&) {
    number_.clear();
    return (stack_.push_int64(value), true);
  }
  bool on_uint64(std::uint64_t value, json::string_view, json::error_code&) {
    number_.clear();
    return (stack_.push_uint64(value), true);
  }
  bool on_double(double near, json::string_view s, json::error_code&) {
    number_.append(s.data(), s.size());
    double exact = 0;
    const auto [end, error] =
        std::from_chars(number_.data(), number_.data() + number_.size(), exact);
    // Out of range: the parser's infinity or zero stands.
    stack_.push_double(error == std::errc() ? exact : near);
    number_.clear();
    return true;
  }
  bool on_bool(bool value, json::error_code&) { return (stack_.push_bool(value), true); }
  bool on_null(json::error_code&) { return (stack_.push_null(), true); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  json::value release() { return stack_.release(); }

 private:
  json::value_stack stack_;
  std::string number_;
};

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t max_depth) {
  json::parse_options options;
  options.max_depth = max_depth;
  json::basic_parser<ExactHandler> parser(options);
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (error) {
    return invalid_argument("not valid JSON near byte " + std::to_string(read) + ": " +
                            error.message());
  }
  return parser.handler().release();
}

}  // namespace cairn
