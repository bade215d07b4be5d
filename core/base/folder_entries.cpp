#include "core/base/folder_entries.h"

#include <algorithm>

namespace cairn {

Result<std::vector<fs::path>> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    entries.push_back(it->path());
  if (error && error != std::errc::no_such_file_or_directory)
    return io_error("list", folder, error.value());
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace cairn
