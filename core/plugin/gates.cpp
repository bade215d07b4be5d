#include "core/plugin/gates.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/text.h"
#include "core/plugin/elf_file.h"
#include "core/sdk/plugin.h"

namespace cairn {
namespace {

constexpr const char* kRebuild = "rebuild the plugin with this version of Cairn";
constexpr std::string_view kAliasPrefix = "cairn_plugin_v";
// The record of SDK minor 1, the first; later ones may be longer.
constexpr std::size_t kShortestRecord = 164;
static_assert(kShortestRecord <= sizeof(PluginRecord));

Error plugin_error(const fs::path& library, const std::string& message, std::string hint = {}) {
  return invalid_argument(library.string() + ": " + message, std::move(hint));
}

Result<void> check_symbols(const fs::path& library, const ElfFile& elf) {
  if (elf.find(kPluginSymbol) != nullptr) {
    if (elf.find(kRegisterSymbol) != nullptr) return {};
    return plugin_error(
        library, std::string("exports ") + kPluginSymbol + " but no " + kRegisterSymbol, kRebuild);
  }
  for (const auto& symbol : elf.symbols())
    if (symbol.name.starts_with(kAliasPrefix))
      return plugin_error(library,
                          "is a plugin of another ABI: it exports " + printable(symbol.name) +
                              ", this host takes " + kPluginSymbol,
                          kRebuild);
  return plugin_error(library, std::string("is not a Cairn plugin: it exports no ") + kPluginSymbol,
                      "add CAIRN_PLUGIN(…) to one of its source files");
}

template <std::size_t N>
std::string text_of(const char (&field)[N]) {
  return printable({field, ::strnlen(field, N)});
}

Result<PluginBuild> read_record(const fs::path& library, const ElfFile& elf) {
  const auto bytes = elf.bytes_of(*elf.find(kPluginSymbol), kShortestRecord);
  PluginRecord record{};
  if (bytes.ok()) std::memcpy(&record, bytes->data(), kShortestRecord);
  if (std::memcmp(record.magic, CAIRN_PLUGIN_MAGIC, sizeof record.magic) != 0)
    return plugin_error(library, std::string("its ") + kPluginSymbol + " is no record of a plugin",
                        kRebuild);
  if (record.size < kShortestRecord)
    return plugin_error(library,
                        "its record has " + std::to_string(record.size) + " bytes, at least " +
                            std::to_string(kShortestRecord) + " are needed",
                        kRebuild);
  PluginBuild build;
  build.abi_major = record.abi_major;
  build.sdk_minor = record.sdk_minor;
  build.compiler = text_of(record.compiler);
  build.stdlib = text_of(record.stdlib);
  build.boost = text_of(record.boost);
  build.torch = text_of(record.torch);
  return build;
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

PluginBuild build_of_this_host() {
  PluginBuild build;
  build.abi_major = kPluginAbiMajor;
  build.sdk_minor = kSdkMinor;
  build.compiler = CAIRN_COMPILER;
  build.stdlib = CAIRN_STDLIB;
  build.boost = BOOST_LIB_VERSION;
  build.torch = CAIRN_TORCH_VERSION_OF_BUILD;
  return build;
}

Result<void> check_plugin_build(const PluginBuild& plugin, const PluginBuild& host) {
  std::vector<std::string> wrong;
  const auto compare = [&](const char* what, const std::string& theirs, const std::string& ours) {
    if (theirs == ours) return;
    const std::string found = theirs.empty() ? "nothing" : printable(theirs);
    wrong.push_back(std::string(what) + " is " + found + ", not " + ours);
  };
  compare("ABI major", std::to_string(plugin.abi_major), std::to_string(host.abi_major));
  if (plugin.sdk_minor > host.sdk_minor)
    wrong.push_back("SDK minor is " + std::to_string(plugin.sdk_minor) + ", at most " +
                    std::to_string(host.sdk_minor) + " is known here");
  compare("compiler", plugin.compiler, host.compiler);
  compare("standard library", plugin.stdlib, host.stdlib);
  compare("Boost", plugin.boost, host.boost);
  if (!plugin.torch.empty() && !host.torch.empty()) compare("LibTorch", plugin.torch, host.torch);
  if (wrong.empty()) return {};
  return invalid_argument("the plugin was built for something else: " + join(wrong, "; "),
                          kRebuild);
}

Result<PluginBuild> pass_plugin_gates(const fs::path& library) {
  CAIRN_TRY(check_plugin_permissions(library));
  const auto elf = ElfFile::open(library);
  if (!elf.ok()) {
    const Error& error = elf.error();
    if (error.code == ErrorCode::kIo) return error;
    return plugin_error(library, error.message, error.hint);
  }
  CAIRN_TRY(check_symbols(library, *elf));
  CAIRN_ASSIGN(PluginBuild build, read_record(library, *elf));
  if (auto checked = check_plugin_build(build); !checked.ok())
    return with_context(std::move(checked).error(), library.string());
  return build;
}

}  // namespace cairn
