#include "ui/page_files.h"

#include <algorithm>

namespace cairn::page {

std::optional<PageFile> find_page_file(std::string_view path) {
  const auto files = page_files();
  const auto found = std::ranges::find(files, path, &PageFile::path);
  if (found == files.end()) return std::nullopt;
  return *found;
}

}  // namespace cairn::page
