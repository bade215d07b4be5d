#include <algorithm>
#include <map>
#include <set>

#include "core/plugin/library.h"
#include "core/plugin/manifest.h"
#include "core/plugin/manifest_cache.h"

namespace cairn {
namespace {

Result<std::vector<fs::path>> libraries_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == ".so") found.push_back(it->path());
  if (error) return io_error("list plugin folder", folder, error.value());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

Result<Registry> Registry::scan(const std::vector<fs::path>& folders,
                                const fs::path& describe_program) {
  ManifestCache::Options options;
  options.folder = ManifestCache::default_folder();
  options.describe_program = describe_program;
  const ManifestCache cache(options);
  Registry registry;
  std::set<fs::path> seen;
  for (const auto& folder : folders) {
    std::error_code error;
    const fs::path absolute = fs::absolute(folder, error).lexically_normal();
    if (error) return io_error("find plugin folder", folder, error.value());
    const fs::path real = fs::weakly_canonical(absolute, error);
    if (!error && !seen.insert(real).second) continue;
    CAIRN_ASSIGN(const std::vector<fs::path> libraries, libraries_in(absolute));
    for (const auto& library : libraries) {
      if (auto trusted = check_plugin_trust(library, describe_program); !trusted.ok())
        registry.problems_.push_back(std::move(trusted).error());
      auto manifest = cache.manifest_of(library);
      if (manifest.ok())
        registry.libraries_.push_back(std::move(manifest).value());
      else
        registry.problems_.push_back(std::move(manifest).error());
    }
  }
  registry.index();
  return registry;
}

Registry Registry::of(std::vector<LibraryManifest> libraries) {
  Registry registry;
  registry.libraries_ = std::move(libraries);
  registry.index();
  return registry;
}

void Registry::index() {
  std::map<std::string, Entry> by_name;
  for (const auto& library : libraries_) {
    for (const auto& stage : library.stages) {
      const auto [found, fresh] = by_name.try_emplace(stage.name, Entry{&library, &stage});
      if (!fresh)
        problems_.push_back(conflict("stage type '" + stage.name + "' is in " +
                                         found->second.library->library.string() + " and in " +
                                         library.library.string() + "; the first one is used",
                                     "remove one of the two libraries"));
    }
  }
  entries_.assign(by_name.begin(), by_name.end());
  index_kinds();
}

void Registry::index_kinds() {
  std::map<std::string, std::pair<KindDecl, fs::path>> by_name;
  for (const auto& library : libraries_) {
    for (const auto& stage : library.stages) {
      for (const KindDecl& kind : stage.kinds) {
        const auto [found, fresh] = by_name.try_emplace(kind.name, kind, library.library);
        if (fresh || found->second.first == kind) continue;
        problems_.push_back(conflict("artifact kind '" + kind.name + "' is one thing in " +
                                         found->second.second.string() + " and another in " +
                                         library.library.string() + "; the first one is used",
                                     "give one of the two another name"));
      }
    }
  }
  for (auto& [name, kind] : by_name) kinds_.push_back(std::move(kind.first));
}

const KindDecl* Registry::find_kind(std::string_view name) const {
  if (const KindDecl* common = find_common_kind(name)) return common;
  const auto found = std::ranges::find(kinds_, name, &KindDecl::name);
  return found == kinds_.end() ? nullptr : &*found;
}

std::vector<std::string> Registry::kinds() const {
  std::vector<std::string> names;
  for (const KindDecl& kind : common_kinds()) names.push_back(kind.name);
  for (const KindDecl& kind : kinds_) names.push_back(kind.name);
  std::ranges::sort(names);
  return names;
}

const Registry::Entry* Registry::find(std::string_view stage_type) const {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), stage_type,
                       [](const auto& entry, std::string_view name) { return entry.first < name; });
  return found != entries_.end() && found->first == stage_type ? &found->second : nullptr;
}

std::vector<std::string> Registry::stage_types() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

}  // namespace cairn
