#include "core/http/range.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/base/text.h"
#include "core/http/problem.h"

namespace cairn::http {
namespace {

// Digits only; a number beyond 64 bits is the largest.
std::optional<std::uint64_t> number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() ? value : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  const std::optional<ByteRange> whole;
  if (!same_ignoring_case(header.substr(0, kUnit.size()), kUnit)) return whole;
  const std::string_view range = trim(header.substr(kUnit.size()));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return whole;
  const std::string_view from = range.substr(0, dash);
  const std::string_view to = range.substr(dash + 1);
  const auto first = number(from);
  const auto last = number(to);
  if ((!first && !from.empty()) || (!last && !to.empty()) || (!first && !last)) return whole;
  if (first && last && *last < *first) return whole;
  const std::uint64_t offset = first ? *first : size - std::min(size, *last);
  if (offset >= size) {
    return invalid_argument("no byte of '" + printable(range) + "' is there",
                            "there are " + std::to_string(size));
  }
  const std::uint64_t end = first && last ? std::min(size - 1, *last) : size - 1;
  return std::optional<ByteRange>({offset, end - offset + 1});
}

bool names_tag(std::string_view header, std::string_view tag) {
  for (std::string_view one : split(header, ',')) {
    one = trim(one);
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag) return true;
  }
  return false;
}

Response file_response(const Request& request, const FileSlice& file, const std::string& tag,
                       const std::string& media_type) {
  const auto known = request.headers.find("If-None-Match");
  if (known && names_tag(*known, tag)) return {304, {{"ETag", tag}}, ""};
  Response response{
      200, {{"Content-Type", media_type}, {"ETag", tag}, {"Accept-Ranges", "bytes"}}, file};
  const auto header = request.headers.find("Range");
  const auto unless = request.headers.find("If-Range");
  if (!header || request.method != Method::kGet || (unless && *unless != tag)) return response;
  const std::string size = std::to_string(file.length);
  const auto range = parse_range(*header, file.length);
  if (!range.ok()) {
    Response refusal = problem_response(416, range.error());
    refusal.headers.add("Content-Range", "bytes */" + size);
    return refusal;
  }
  if (!*range) return response;
  const auto [offset, length] = **range;
  response.status = 206;
  response.headers.add("Content-Range", "bytes " + std::to_string(offset) + "-" +
                                            std::to_string(offset + length - 1) + "/" + size);
  response.body = FileSlice{file.file, file.offset + offset, length};
  return response;
}

}  // namespace cairn::http
