// Manifests: what a plugin library holds, readable without loading it.
//
// NAME.so.manifest lies beside NAME.so with the library's digest. For a library without one,
// `cairn-host --describe` makes it, cached in $XDG_CACHE_HOME/cairn/manifests.
#pragma once

#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"
#include "core/sdk/declaration.h"

namespace cairn {

struct LibraryManifest {
  fs::path library;  // absolute
  Digest digest;     // of the library's bytes
  std::uint32_t abi_major = 0;
  std::uint32_t sdk_minor = 0;
  std::string compiler;
  std::string stdlib;
  std::string boost;
  std::string torch;
  std::vector<StageDecl> stages;
};

[[nodiscard]] json::object to_json(const LibraryManifest& manifest);
[[nodiscard]] Result<LibraryManifest> library_manifest_from_json(const json::object& object);

// Stage types by name, from every library of the plugin folders. Immutable once made.
class Registry {
 public:
  struct Entry {
    const LibraryManifest* library;
    const StageDecl* stage;
  };

  // Moves only: entries point into it.
  Registry(Registry&&) = default;
  Registry& operator=(Registry&&) = default;

  // Reads the folders in order, each once; a stage type found twice belongs to the first folder,
  // and the second is reported in problems(). A library that cannot be described is a problem, too,
  // not an error: other plugins still work. describe_program: the path of cairn-host, used for
  // libraries without a valid manifest.
  [[nodiscard]] static Result<Registry> scan(const std::vector<fs::path>& folders,
                                             const fs::path& describe_program);
  // For tests and harnesses.
  [[nodiscard]] static Registry of(std::vector<LibraryManifest> libraries);

  [[nodiscard]] const Entry* find(std::string_view stage_type) const;
  [[nodiscard]] std::vector<std::string> stage_types() const;  // sorted
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
  std::vector<KindDecl> kinds_;  // of plugins, sorted by name
  std::vector<Error> problems_;
};

}  // namespace cairn
