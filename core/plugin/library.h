// Loads a plugin library through its gates (DESIGN §6). Only cairn-host does this: whatever a
// library's code does, it does in a process of its own.
//
//   1. permissions, symbols and record, read from the file: nothing of the library has run
//   2. loading: every symbol is resolved at once
//   3. registration: all stage types, or none
#pragma once

#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/plugin/manifest.h"
#include "core/sdk/plugin.h"

namespace cairn {

// A library that passed all gates. It stays loaded until the process ends: code of a C++ library
// may be reachable long after its last object is gone.
class PluginLibrary {
 public:
  // library: the exact path, nothing is appended and no folder searched. Symbols are resolved at
  // once and stay private to the library.
  [[nodiscard]] static Result<PluginLibrary> load(const fs::path& library);

  // Digest included.
  [[nodiscard]] const LibraryManifest& manifest() const { return manifest_; }
  [[nodiscard]] const StageType* find(std::string_view stage_type) const;

 private:
  LibraryManifest manifest_;
  std::vector<StageType> types_;
};

}  // namespace cairn
