#include "core/plugin/load_failure.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "core/base/text.h"
#include "core/plugin/elf_file.h"

namespace cairn {
namespace {

// A complaint of glibc (dl-load.c, dl-lookup.c, dl-version.c):
//   NAME: cannot open shared object file: No such file or directory
//   FILE: undefined symbol: SYMBOL[, version VERSION]
//   FILE: version `VERSION' not found (required by FILE)
constexpr std::string_view kAbsent = ": cannot open shared object file";
constexpr std::string_view kUndefined = ": undefined symbol: ";
constexpr std::string_view kVersion = ": version `";
constexpr std::string_view kRequiredBy = "' not found (required by ";

// "before" and "after" of the first separator.
std::optional<std::pair<std::string, std::string>> cut_at(std::string_view text,
                                                          std::string_view separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair(std::string(text.substr(0, at)),
                   std::string(text.substr(at + separator.size())));
}

bool needs_itself(const fs::path& library, const std::string& name) {
  const auto elf = ElfFile::open(library);
  return elf.ok() && std::ranges::find(elf->needed(), name) != elf->needed().end();
}

Error load_error(const fs::path& library, const std::string& why, std::string hint) {
  return invalid_argument(library.string() + ": cannot be loaded: " + why, std::move(hint));
}

// Who needs something, as the subject of a sentence.
std::string subject(const fs::path& library, const std::string& file) {
  return file == library.string() ? "it" : "the library " + file + ", which it needs,";
}

Error absent_library(const fs::path& library, const std::string& name) {
  const std::string who =
      needs_itself(library, name) ? "it needs" : "a library that it needs in turn needs";
  return load_error(library, who + " the library " + name + ", which is not found",
                    "see who needs it: ldd " + library.string() +
                        "; find its package: apt-file search " + name +
                        "; or name its folder in LD_LIBRARY_PATH");
}

Error absent_symbol(const fs::path& library, const std::string& file, std::string symbol) {
  std::string version;
  if (const auto parts = cut_at(symbol, ", version ")) {
    symbol = parts->first;
    version = " in version " + parts->second;
  }
  const std::string name = demangled(symbol);
  const std::string mangled = name == symbol ? "" : " (" + symbol + ")";
  return load_error(
      library,
      subject(library, file) + " uses '" + name + "'" + mangled + version +
          ", which no library has that is loaded with it",
      "link the library that has it, or rebuild against the versions installed here; what it is "
      "linked with: ldd " +
          file);
}

Error absent_version(const fs::path& library, const std::string& provider,
                     const std::string& version, const std::string& file) {
  return load_error(library,
                    subject(library, file) + " needs version " + version + " of " + provider +
                        ", which is older here",
                    "rebuild the plugin on this machine, or on one that is as old");
}

}  // namespace

std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 && name != nullptr ? std::string(name.get()) : symbol;
}

Error explain_load_failure(const fs::path& library, std::string_view complaint) {
  const std::string text = printable(complaint);
  if (const auto parts = cut_at(text, kAbsent)) return absent_library(library, parts->first);
  if (const auto parts = cut_at(text, kUndefined))
    return absent_symbol(library, parts->first, parts->second);
  if (const auto parts = cut_at(text, kVersion)) {
    if (auto rest = cut_at(parts->second, kRequiredBy)) {
      if (rest->second.ends_with(')')) rest->second.pop_back();
      return absent_version(library, parts->first, rest->first, rest->second);
    }
  }
  // The path stands in front of the message already.
  const std::string prefix = library.string() + ": ";
  return load_error(library, text.starts_with(prefix) ? text.substr(prefix.size()) : text,
                    "what it is linked with: ldd " + library.string());
}

}  // namespace cairn
