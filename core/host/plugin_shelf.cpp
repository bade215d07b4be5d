#include "core/host/plugin_shelf.h"

namespace cairn::host {

Result<const PluginLibrary*> PluginShelf::get(const fs::path& library, const Digest& digest) {
  const PluginLibrary* found = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto known = libraries_.find(library.string());
    if (known != libraries_.end()) found = &known->second;
  }
  if (found == nullptr) {
    CAIRN_ASSIGN(const Digest on_disk, hash_file(library));
    if (on_disk != digest)
      return conflict(library.string() + " has changed since the run was planned",
                      "resume the run: it will be planned with the library as it is now");
    // Not under the lock: a library's own code runs here, for as long as it likes.
    CAIRN_ASSIGN(PluginLibrary loaded, PluginLibrary::load(library));
    const std::lock_guard lock(mutex_);
    found = &libraries_.emplace(library.string(), std::move(loaded)).first->second;
  }
  if (found->manifest().digest != digest)
    return conflict(library.string() + " was loaded here in another version",
                    "resume the run: a new host will load it");
  return found;
}

std::vector<std::string> PluginShelf::loaded() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, library] : libraries_) paths.push_back(path);
  return paths;
}

std::size_t PluginShelf::size() const {
  const std::lock_guard lock(mutex_);
  return libraries_.size();
}

}  // namespace cairn::host
