#include "core/plugin/library.h"

#include <dlfcn.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <exception>
#include <set>

#include "core/plugin/gates.h"
#include "core/plugin/load_failure.h"

namespace cairn {
namespace {

Error plugin_error(const fs::path& library, const std::string& message,
                   const std::string& hint = {}) {
  return invalid_argument(
      library.string() + ": " + message,
      hint.empty() ? "to see it again: cairn-host --describe " + library.string() : hint);
}

// Runs the library's static initialisers.
Result<RegisterStageTypes*> load_library(const fs::path& path) {
  boost::dll::fs::error_code error;
  ::dlerror();
  try {
    // Never freed: see the class comment.
    auto* handle = new boost::dll::shared_library(path, error, boost::dll::load_mode::rtld_now);
    if (error) {
      const char* complaint = ::dlerror();
      return explain_load_failure(path, complaint != nullptr ? complaint : error.message());
    }
    return &handle->get<RegisterStageTypes>(kRegisterSymbol);
  } catch (const std::exception& failure) {
    return plugin_error(path,
                        std::string("cannot be loaded: its initialisers threw: ") + failure.what());
  } catch (...) {
    return plugin_error(path, "cannot be loaded: its initialisers threw an unknown exception");
  }
}

Result<std::vector<StageType>> register_stage_types(const fs::path& library,
                                                    RegisterStageTypes& registers) {
  std::vector<StageType> types;
  std::string error;
  try {
    if (!registers(&types, &error))
      return plugin_error(library, "registering its stage types failed: " + error);
  } catch (...) {
    return plugin_error(library, "registering its stage types threw past its registration");
  }
  if (types.empty())
    return plugin_error(library, "registers no stage type",
                        "name its stage types in CAIRN_PLUGIN(…)");
  std::set<std::string> seen;
  for (const auto& type : types)
    if (!seen.insert(type.name()).second)
      return plugin_error(library, "registers stage type '" + type.name() + "' twice",
                          "name each stage type once in CAIRN_PLUGIN(…)");
  return types;
}

}  // namespace

Result<PluginLibrary> PluginLibrary::load(const fs::path& library) {
  std::error_code error;
  const fs::path path = fs::absolute(library, error);
  if (error) return io_error("find", library, error.value());
  PluginLibrary loaded;
  auto& manifest = loaded.manifest_;
  manifest.library = path;
  CAIRN_ASSIGN(manifest.build, pass_plugin_gates(path));
  CAIRN_ASSIGN(manifest.digest, hash_file(path));
  CAIRN_ASSIGN(RegisterStageTypes * registers, load_library(path));
  CAIRN_ASSIGN(loaded.types_, register_stage_types(path, *registers));
  try {
    for (const auto& type : loaded.types_) manifest.stages.push_back(type.declaration());
  } catch (const std::exception& failure) {
    return plugin_error(path, std::string("declaring its stage types threw: ") + failure.what());
  } catch (...) {
    return plugin_error(path, "declaring its stage types threw an unknown exception");
  }
  return loaded;
}

const StageType* PluginLibrary::find(std::string_view stage_type) const {
  const auto found = std::find_if(types_.begin(), types_.end(),
                                  [&](const StageType& type) { return type.name() == stage_type; });
  return found == types_.end() ? nullptr : &*found;
}

}  // namespace cairn
