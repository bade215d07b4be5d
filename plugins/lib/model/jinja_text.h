// What Python's str and json do with text, over code points of UTF-8. Bytes that are no UTF-8
// stand for themselves, one by one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/jinja_value.h"

namespace cairn::model::jinja {

[[nodiscard]] std::vector<std::string_view> characters(std::string_view text);
[[nodiscard]] std::size_t count_characters(std::string_view text);
// Those from `begin` on, `count` of them; fewer where the text ends.
[[nodiscard]] std::string_view part_of(std::string_view text, std::size_t begin, std::size_t count);

enum class Side { kLeft, kRight, kBoth };
// Without `chars`: white space as str.isspace has it.
[[nodiscard]] std::string_view strip(std::string_view text, Side side,
                                     std::optional<std::string_view> chars = std::nullopt);
// At most `limit` cuts; negative: all. `separator` is not empty.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, std::string_view separator,
                                                  std::int64_t limit);
// At white space, which goes from both ends too; behind the last cut it stays.
[[nodiscard]] std::vector<std::string_view> split_at_space(std::string_view text,
                                                           std::int64_t limit);
// Where `part` begins at or after `from`, in linear time; npos if nowhere.
[[nodiscard]] std::size_t find_part(std::string_view text, std::string_view part,
                                    std::size_t from = 0);
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string upper(std::string_view text);

[[nodiscard]] std::string float_text(double value);  // as repr(float)
// As json.dumps(ensure_ascii=False); `indent` negative: in one line.
[[nodiscard]] Result<std::string> to_json(const Value& value, std::int64_t indent);

}  // namespace cairn::model::jinja
