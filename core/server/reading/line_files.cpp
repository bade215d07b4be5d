#include "core/server/reading/line_files.h"

#include <fstream>

#include "core/base/text.h"
#include "core/server/reading/whole_number.h"

namespace cairn {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;
constexpr std::size_t kLongestLine = std::size_t{1} << 20;

}  // namespace

Result<Cursor> parse_cursor(const std::string& text) {
  const std::string_view all = text;
  const std::size_t colon = all.find(':');
  const std::size_t plus = all.find('+');
  const auto attempt = number_in<std::uint32_t>(all.substr(0, colon));
  const auto offset =
      colon == std::string_view::npos
          ? std::nullopt
          : number_in<std::uint64_t>(
                all.substr(colon + 1, plus == std::string_view::npos ? plus : plus - colon - 1));
  const auto output = plus == std::string_view::npos
                          ? std::optional<std::uint64_t>(0)
                          : number_in<std::uint64_t>(all.substr(plus + 1));
  if (!attempt || !offset || !output) {
    return invalid_argument("'" + printable(text) + "' is no cursor",
                            "take one from the output of -o json: ATTEMPT:OFFSET");
  }
  return Cursor{*attempt, *offset, *output};
}

Result<std::uint64_t> read_lines(const fs::path& file, std::uint64_t offset, const OnLine& on_line,
                                 LastLine last) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(file, error);
  if (error) return offset;
  if (size < offset) return size;
  if (size == offset) return offset;
  std::ifstream in(file, std::ios::binary);
  if (!in) return io_error("read", file.string(), errno);
  in.seekg(static_cast<std::streamoff>(offset));
  std::string pending;
  std::string block(kBlock, '\0');
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    std::string_view rest(block.data(), static_cast<std::size_t>(in.gcount()));
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos) {
        pending += rest;
        if (pending.size() < kLongestLine) break;
        offset += pending.size();
        if (!on_line(pending, offset)) return offset;
        pending.clear();
        break;
      }
      offset += pending.size() + end + 1;
      bool go_on = true;
      if (pending.empty()) {
        go_on = on_line(rest.substr(0, end), offset);
      } else {
        pending += rest.substr(0, end);
        go_on = on_line(pending, offset);
        pending.clear();
      }
      if (!go_on) return offset;
      rest.remove_prefix(end + 1);
    }
  }
  if (last == LastLine::kAsItIs && !pending.empty()) {
    offset += pending.size();
    (void)on_line(pending, offset);
  }
  return offset;
}

Result<std::uint64_t> tail_offset(const fs::path& file, std::uint64_t count) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(file, error);
  if (error || size == 0) return std::uint64_t{0};
  if (count == 0) return size;
  std::ifstream in(file, std::ios::binary);
  if (!in) return io_error("read", file.string(), errno);
  std::string block(kBlock, '\0');
  // The end of the last line is none before another.
  std::uint64_t wanted = count + 1;
  for (std::uint64_t end = size; end > 0;) {
    const std::uint64_t begin = end > kBlock ? end - kBlock : 0;
    in.seekg(static_cast<std::streamoff>(begin));
    in.read(block.data(), static_cast<std::streamsize>(end - begin));
    for (std::uint64_t i = static_cast<std::uint64_t>(in.gcount()); i > 0; --i) {
      if (block[i - 1] == '\n' && --wanted == 0) return begin + i;
    }
    end = begin;
  }
  return std::uint64_t{0};
}

}  // namespace cairn
