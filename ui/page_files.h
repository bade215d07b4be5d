// The built page, as bytes of the program: "index.html", and everything else below "assets/" with a
// digest of its content in its name, so that it may be kept for ever.
//
// Built with CAIRN_WITH_UI=OFF there are none. Any thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace cairn::page {

struct PageFile {
  std::string_view path;
  // Of index.html: with the text kNonceMark where the nonce of the content security policy belongs.
  std::string_view bytes;
  std::string_view gzip;  // the same bytes; empty where they are no smaller, and of index.html
  std::string_view media_type;
  std::string_view sha256;  // of `bytes`, in hexadecimal: an ETag
};

inline constexpr std::string_view kNonceMark = "__CSP_NONCE__";

// The file with exactly this path.
[[nodiscard]] std::optional<PageFile> find_page_file(std::string_view path);

// All of them, sorted by path.
[[nodiscard]] std::span<const PageFile> page_files();

}  // namespace cairn::page
