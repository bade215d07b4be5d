// PluginShelf: the libraries this process has loaded; they stay loaded.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/digest.h"
#include "core/base/files.h"
#include "core/plugin/library.h"

namespace cairn::host {

// Thread-safe; one thread loads.
class PluginShelf {
 public:
  // Loads the library, or takes it from the shelf. A file that is not the one the engine saw, or
  // not the one loaded here, is an error.
  [[nodiscard]] Result<const PluginLibrary*> get(const fs::path& library, const Digest& digest);
  [[nodiscard]] std::vector<std::string> loaded() const;
  [[nodiscard]] std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, PluginLibrary> libraries_;
};

}  // namespace cairn::host
