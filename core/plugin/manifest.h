// Manifests: what a plugin library holds, readable without loading it.
//
// NAME.so.manifest lies beside NAME.so with the library's digest. For a library without one,
// `cairn-host --describe` makes it, cached in $XDG_CACHE_HOME/cairn/manifests.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"
#include "core/sdk/declaration.h"

namespace cairn {

// What a library was built with: its PluginRecord.
struct PluginBuild {
  std::uint32_t abi_major = 0;
  std::uint32_t sdk_minor = 0;
  std::string compiler;
  std::string stdlib;
  std::string boost;
  std::string torch;  // empty where it uses no LibTorch
};

struct LibraryManifest {
  fs::path library;  // absolute
  Digest digest;     // of the library's bytes
  PluginBuild build;
  std::vector<StageDecl> stages;
};

[[nodiscard]] json::object to_json(const LibraryManifest& manifest);
[[nodiscard]] Result<LibraryManifest> library_manifest_from_json(const json::object& object);

// Stage types by name, from every library of the plugin folders. Immutable once made.
//
// Folders are searched in order: --plugin-dir as given, $CAIRN_PLUGIN_PATH, the installed tree. The
// file NAME.so of one folder shadows a NAME.so of later ones, as with programs and $PATH; only the
// log says so. Two different libraries that both register a stage type are in conflict: neither has
// it then, whoever uses it is told, and all their other stage types work.
class Registry {
 public:
  struct Entry {
    const LibraryManifest* library;
    const StageDecl* stage;
  };

  // Moves only: entries point into it.
  Registry(Registry&&) = default;
  Registry& operator=(Registry&&) = default;

  // Reads the folders in order, each once. A library that cannot be described is one of problems(),
  // not an error: other plugins still work. describe_program: the path of cairn-host, used for
  // libraries without a valid manifest.
  [[nodiscard]] static Result<Registry> scan(const std::vector<fs::path>& folders,
                                             const fs::path& describe_program);
  // For tests and harnesses.
  [[nodiscard]] static Registry of(std::vector<LibraryManifest> libraries);

  // Null where no library has the stage type, or more than one: see conflict().
  [[nodiscard]] const Entry* find(std::string_view stage_type) const;
  // Which libraries claim the stage type, and what to do; nothing where none or one does.
  [[nodiscard]] const Error* conflict(std::string_view stage_type) const;
  [[nodiscard]] std::vector<std::string> stage_types() const;  // those found, sorted
  [[nodiscard]] const std::map<std::string, Error, std::less<>>& conflicts() const {
    return conflicts_;
  }
  // A common artifact kind, or one that a stage type defines.
  [[nodiscard]] const KindDecl* find_kind(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> kinds() const;  // sorted
  [[nodiscard]] const std::vector<LibraryManifest>& libraries() const { return libraries_; }
  [[nodiscard]] const std::vector<Error>& problems() const { return problems_; }

 private:
  Registry() = default;
  void index();
  void index_kinds();
  std::vector<LibraryManifest> libraries_;
  std::vector<std::pair<std::string, Entry>> entries_;
  std::vector<KindDecl> kinds_;                          // of plugins, sorted by name
  std::map<std::string, Error, std::less<>> conflicts_;  // by stage type
  std::vector<Error> problems_;
};

}  // namespace cairn
