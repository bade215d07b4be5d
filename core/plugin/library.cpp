#include "core/plugin/library.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <exception>
#include <set>

#include "core/base/text.h"

namespace cairn {
namespace {

constexpr const char* kRebuild = "rebuild the plugin with this version of Cairn";

Error plugin_error(const fs::path& library, const std::string& message, std::string hint = {}) {
  return invalid_argument(library.string() + ": " + message, std::move(hint));
}

// The dynamic loader reports the failing path itself; a second mention only blurs the message.
std::string loader_message(const std::exception& error, const fs::path& library) {
  std::string message = error.what();
  const std::string prefix = library.string() + ": ";
  const auto at = message.find(prefix);
  if (at != std::string::npos) message.erase(0, at + prefix.size());
  return message;
}

Result<std::vector<StageType>> register_stage_types(const fs::path& library,
                                                    const PluginRecord& record) {
  std::vector<StageType> types;
  std::string error;
  if (!record.stage_types(&types, &error))
    return plugin_error(library, "registering its stage types failed: " + error);
  if (types.empty()) return plugin_error(library, "registers no stage type");
  std::set<std::string> seen;
  for (const auto& type : types)
    if (!seen.insert(type.name()).second)
      return plugin_error(library, "registers stage type '" + type.name() + "' twice");
  return types;
}

}  // namespace

Result<void> check_plugin_permissions(const fs::path& library) {
  struct stat info {};
  if (::stat(library.c_str(), &info) != 0) return io_error("inspect", library, errno);
  if (!S_ISREG(info.st_mode)) return plugin_error(library, "is not a regular file");
  if ((info.st_mode & S_IWOTH) != 0)
    return plugin_error(library, "anyone may write to this plugin, so it is not loaded",
                        "chmod o-w " + library.string());
  const fs::path folder = library.parent_path();
  if (::stat(folder.empty() ? "." : folder.c_str(), &info) != 0)
    return io_error("inspect", folder, errno);
  if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
    return plugin_error(library, "anyone may replace it in its folder, so it is not loaded",
                        "chmod o-w " + folder.string());
  return {};
}

Result<void> check_plugin_trust(const fs::path& library, const fs::path& program) {
  struct stat info {};
  if (::stat(library.c_str(), &info) != 0) return io_error("inspect", library, errno);
  if ((info.st_mode & S_IWGRP) != 0)
    return plugin_error(library, "its group may write to this plugin",
                        "chmod g-w " + library.string());
  struct stat owner {};
  const bool known = ::stat(program.c_str(), &owner) == 0;
  if (info.st_uid == 0 || info.st_uid == ::geteuid() || (known && info.st_uid == owner.st_uid))
    return {};
  return plugin_error(library, "it belongs to another user",
                      "take a copy of your own, if you trust it");
}

Result<void> check_plugin_symbols(const fs::path& library) {
  std::vector<std::string> symbols;
  try {
    symbols = boost::dll::library_info(library, true).symbols();
  } catch (const std::exception&) {
    return plugin_error(library, "is not a shared library of this machine");
  }
  std::string other;
  for (const auto& symbol : symbols) {
    if (symbol == kPluginSymbol) return {};
    if (symbol.starts_with("cairn_plugin_v")) other = symbol;
  }
  if (!other.empty())
    return plugin_error(
        library,
        "is a plugin of another ABI: it exports " + other + ", this host takes " + kPluginSymbol,
        kRebuild);
  return plugin_error(library, std::string("is not a Cairn plugin: it exports no ") + kPluginSymbol,
                      "add CAIRN_PLUGIN(…) to one of its source files");
}

Result<void> check_plugin_record(const PluginRecord& record) {
  std::vector<std::string> wrong;
  const auto compare = [&](const char* what, const char* theirs, const std::string& ours) {
    const std::string found = theirs == nullptr ? "nothing" : theirs;
    if (found != ours) wrong.push_back(std::string(what) + " is " + found + ", not " + ours);
  };
  if (record.size < sizeof(PluginRecord))
    return invalid_argument("the plugin's record has " + std::to_string(record.size) +
                                " bytes, at least " + std::to_string(sizeof(PluginRecord)) +
                                " are needed",
                            kRebuild);
  if (record.abi_major != kPluginAbiMajor)
    wrong.push_back("ABI major is " + std::to_string(record.abi_major) + ", not " +
                    std::to_string(kPluginAbiMajor));
  if (record.sdk_minor > kSdkMinor)
    wrong.push_back("SDK minor is " + std::to_string(record.sdk_minor) + ", at most " +
                    std::to_string(kSdkMinor) + " is known here");
  compare("compiler", record.compiler, CAIRN_COMPILER);
  compare("standard library", record.stdlib, CAIRN_STDLIB);
  compare("Boost", record.boost, BOOST_LIB_VERSION);
  const std::string torch(CAIRN_TORCH_VERSION_OF_BUILD);
  if (record.torch == nullptr || (record.torch[0] != '\0' && !torch.empty()))
    compare("LibTorch", record.torch, torch);
  if (record.stage_types == nullptr) wrong.emplace_back("it has no function to register with");
  if (!wrong.empty())
    return invalid_argument("the plugin was built for something else: " + join(wrong, "; "),
                            kRebuild);
  return {};
}

Result<PluginLibrary> PluginLibrary::load(const fs::path& library) {
  std::error_code error;
  const fs::path path = fs::absolute(library, error);
  if (error) return io_error("find", library, error.value());
  CAIRN_TRY(check_plugin_permissions(path));
  CAIRN_TRY(check_plugin_symbols(path));
  CAIRN_ASSIGN(const Digest digest, hash_file(path));

  const PluginRecord* record = nullptr;
  try {
    // Never freed: see the class comment.
    auto* handle = new boost::dll::shared_library(path, boost::dll::load_mode::rtld_now);
    record = &handle->get<const PluginRecord>(kPluginSymbol);
  } catch (const std::exception& failure) {
    return plugin_error(path, "cannot be loaded: " + loader_message(failure, path));
  } catch (...) {
    return plugin_error(path, "cannot be loaded: it threw an unknown exception");
  }
  auto checked = check_plugin_record(*record);
  if (!checked.ok()) return with_context(std::move(checked).error(), path.string());

  PluginLibrary loaded;
  CAIRN_ASSIGN(loaded.types_, register_stage_types(path, *record));
  auto& manifest = loaded.manifest_;
  manifest.library = path;
  manifest.digest = digest;
  manifest.abi_major = record->abi_major;
  manifest.sdk_minor = record->sdk_minor;
  manifest.compiler = record->compiler;
  manifest.stdlib = record->stdlib;
  manifest.boost = record->boost;
  manifest.torch = record->torch;
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
