// Loads a plugin library through three gates (DESIGN §6). Only cairn-host does this: whatever a
// library's code does, it does in a process of its own.
//
//   1. before loading: the symbol table names cairn_plugin_v1, read without running code
//   2. after loading: the plain record agrees with this build; all mismatches in one message
//   3. registration: all stage types, or none
#pragma once

#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/plugin/manifest.h"
#include "core/sdk/plugin.h"

namespace cairn {

// Refuses a library that everyone may write, or that lies in a folder where everyone may replace
// it. Looks at the path only.
[[nodiscard]] Result<void> check_plugin_permissions(const fs::path& library);

// Refuses a library that its group may write, or that belongs neither to this user nor to root nor
// to the owner of the program. `serve` does not run one; elsewhere people are warned.
[[nodiscard]] Result<void> check_plugin_trust(const fs::path& library, const fs::path& program);

// Gate 1. The error tells a file that is no library from one that is no plugin and from a plugin
// of another ABI major.
[[nodiscard]] Result<void> check_plugin_symbols(const fs::path& library);

// Gate 2, as a function of the record alone.
[[nodiscard]] Result<void> check_plugin_record(const PluginRecord& record);

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
