#include <algorithm>
#include <map>
#include <set>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/plugin/gates.h"
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

Error conflict_between(const std::string& name, const std::vector<Registry::Entry>& claims) {
  std::vector<std::string> files;
  for (const auto& claim : claims) files.push_back(claim.library->library.string());
  return conflict("stage type '" + name + "' is in " + std::to_string(files.size()) +
                      " libraries: " + join(files, ", "),
                  "remove all but one of them from the plugin folders, or rename the stage type");
}

}  // namespace

Result<Registry> Registry::scan(const std::vector<fs::path>& folders,
                                const fs::path& describe_program) {
  const ManifestCache cache(ManifestCache::default_options(describe_program));
  Registry registry;
  std::set<fs::path> seen;
  std::map<fs::path, fs::path> by_file_name;
  for (const auto& folder : folders) {
    std::error_code error;
    const fs::path absolute = fs::absolute(folder, error).lexically_normal();
    if (error) return io_error("find plugin folder", folder, error.value());
    const fs::path real = fs::weakly_canonical(absolute, error);
    if (!error && !seen.insert(real).second) continue;
    CAIRN_ASSIGN(const std::vector<fs::path> libraries, libraries_in(absolute));
    for (const auto& library : libraries) {
      const auto [first, fresh] = by_file_name.try_emplace(library.filename(), library);
      if (!fresh) {
        spdlog::debug("{} is shadowed by {}", library.string(), first->second.string());
        continue;
      }
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
  std::map<std::string, std::vector<Entry>> by_name;
  for (const auto& library : libraries_) {
    for (const auto& stage : library.stages) {
      auto& claims = by_name[stage.name];
      // A copy under another name is no other library.
      const bool copy = std::ranges::any_of(
          claims, [&](const Entry& claim) { return claim.library->digest == library.digest; });
      if (!copy) claims.push_back({&library, &stage});
    }
  }
  for (const auto& [name, claims] : by_name) {
    if (claims.size() == 1) {
      entries_.emplace_back(name, claims.front());
    } else {
      conflicts_.emplace(name, conflict_between(name, claims));
    }
  }
  index_kinds();
}

void Registry::index_kinds() {
  std::map<std::string, std::pair<KindDecl, fs::path>> by_name;
  for (const auto& library : libraries_) {
    for (const auto& stage : library.stages) {
      for (const KindDecl& kind : stage.kinds) {
        const auto [found, fresh] = by_name.try_emplace(kind.name, kind, library.library);
        if (fresh || found->second.first == kind) continue;
        problems_.push_back(cairn::conflict(
            "artifact kind '" + kind.name + "' is one thing in " + found->second.second.string() +
                " and another in " + library.library.string() + "; the first one is used",
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

const Error* Registry::conflict(std::string_view stage_type) const {
  const auto found = conflicts_.find(stage_type);
  return found == conflicts_.end() ? nullptr : &found->second;
}

std::vector<std::string> Registry::stage_types() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

}  // namespace cairn
