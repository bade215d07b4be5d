#include "tests/layers/rules.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string_view>

#include "core/base/text.h"

namespace cairn::layers {
namespace {

// Folders of core from the lowest layer up. A folder may include its own headers and those of
// lower ranks; folders of one rank do not know each other.
const std::map<std::string, int, std::less<>> kRanks = {
    {"base", 0},  {"sdk", 1},    {"http", 1},      {"plugin", 2}, {"workflow", 3}, {"artifacts", 4},
    {"store", 4}, {"engine", 5}, {"executors", 6}, {"host", 6},   {"server", 7},   {"cli", 8},
};

// A library that only some folders may know.
struct Fenced {
  const char* name;
  std::regex header;
  std::vector<std::string> folders;
};

const std::array<Fenced, 5>& fenced_libraries() {
  static const std::array<Fenced, 5> fences = {{
      {"RocksDB", std::regex("^rocksdb/"), {"core/store/"}},
      {"gRPC",
       std::regex(R"(^grpc(pp|\+\+)?/|\.grpc\.pb\.h$)"),
       {"core/server/", "core/host/", "core/cli/"}},
      {"yaml-cpp", std::regex("^yaml-cpp/"), {"core/workflow/"}},
      {"Boost.Beast", std::regex("^boost/beast"), {"core/http/"}},
      {"LibTorch", std::regex("^(torch|ATen|c10|caffe2)/"), {"plugins/"}},
  }};
  return fences;
}

std::string at(const SourceFile& file, std::size_t line, const std::string& what) {
  return file.path + ":" + std::to_string(line + 1) + ": " + what;
}

std::optional<std::string> included(const std::string& line) {
  static const std::regex kInclude(R"(^\s*#\s*(include|import)\s*[<"]([^>"]+)[>"])");
  std::smatch match;
  if (!std::regex_search(line, match, kInclude)) return std::nullopt;
  return match[2].str();
}

// "core/store/x.h" -> "store"; empty when the path is not below the folder.
std::string folder_below(std::string_view parent, std::string_view path) {
  if (!path.starts_with(parent)) return {};
  path.remove_prefix(parent.size());
  const auto slash = path.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

std::optional<std::string> core_breach(const std::string& folder, const std::string& header) {
  if (header.starts_with("plugins/")) return "core/" + folder + " includes a plugin, " + header;
  const std::string target = folder_below("core/", header);
  if (target.empty() || target == folder || folder == "testing") return std::nullopt;
  const auto from = kRanks.find(folder);
  const auto to = kRanks.find(target);
  if (from == kRanks.end()) return "core/" + folder + " is no known layer";
  if (to != kRanks.end() && to->second < from->second) return std::nullopt;
  return "core/" + folder + " may not include core/" + target + " (" + header + ")";
}

std::optional<std::string> plugin_breach(const std::string& folder, const std::string& header) {
  const std::string layer = folder_below("core/", header);
  // A program among the plugins, which is a server.
  if (folder == "model_cli" && layer == "http") return std::nullopt;
  if (!layer.empty() && layer != "sdk" && layer != "base")
    return "plugins know core/sdk and core/base only, not " + header;
  const std::string other = folder_below("plugins/", header);
  if (!other.empty() && other != "lib" && other != folder)
    return "plugins/" + folder + " may not include another plugin, " + header;
  return std::nullopt;
}

std::optional<std::string> library_breach(const std::string& path, const std::string& header) {
  // The version of LibTorch, a macro, is part of a plugin's ABI record.
  if (path == "core/sdk/plugin.h" && header == "torch/version.h") return std::nullopt;
  for (const auto& fence : fenced_libraries()) {
    if (!std::regex_search(header, fence.header)) continue;
    const auto inside = [&](const std::string& folder) { return path.starts_with(folder); };
    if (std::ranges::none_of(fence.folders, inside))
      return std::string(fence.name) + " is included outside " + join(fence.folders, ", ");
  }
  return std::nullopt;
}

struct Forbidden {
  const char* what;
  std::regex pattern;
};

// The words are split, so that this file does not break its own rule.
const std::vector<Forbidden>& forbidden() {
  static const std::vector<Forbidden> rules = {
      {"unfinished work", std::regex(R"(\b(TO)"
                                     R"(DO|FIX)"
                                     R"(ME|HA)"
                                     R"(CK|XX)"
                                     R"(X)\b)")},
      // As an attribute of an input, and of queries, it is a name of the page's libraries.
      {"unfinished work", std::regex("[Nn]ot "
                                     "implemented|[Pp]lace"
                                     "holder(?!=|Data)")},
      {"a path of one machine", std::regex(R"((^|[\s"'=(:])/(ro)"
                                           R"(ot|wo)"
                                           R"(rk|ho)"
                                           R"(me|Us)"
                                           R"(ers)/[A-Za-z])")},
      {"sleeping instead of waiting", std::regex(R"(\b(sle)"
                                                 R"(ep_for|sle)"
                                                 R"(ep_until|usl)"
                                                 R"(eep|nano)"
                                                 R"(sleep)\b)")},
      {"an error that is swallowed", std::regex(R"(catch\s*\(\s*\.\.\.\s*\)\s*\{\s*\})")},
  };
  return rules;
}

constexpr std::size_t kMaxLines = 500;

// A test may be skipped only for want of what these variables name: the large model, and a Python
// with the packages that are the reference.
bool may_skip(const SourceFile& file) {
  const auto names_one = [](const std::string& line) {
    return line.find("CAIRN_SMOLLM2") != std::string::npos ||
           line.find("CAIRN_PYTHON") != std::string::npos;
  };
  return std::ranges::any_of(file.lines, names_one);
}

bool is_source(const fs::path& path) {
  static const std::set<std::string> kEndings = {".cpp",  ".h",   ".proto", ".cmake",
                                                 ".yaml", ".md",  ".js",    ".mjs",
                                                 ".ts",   ".tsx", ".css",   ".html"};
  return kEndings.contains(path.extension().string()) || path.filename() == "CMakeLists.txt" ||
         path.parent_path().filename() == "deploy" || path.parent_path().filename() == ".ci";
}

bool is_left_out(const fs::path& relative) {
  const std::string name = relative.filename().string();
  if (name.starts_with(".") && name != ".ci") return true;
  // Packages that others wrote, and what is made from the API's document.
  if (name == "node_modules" || name == "schema.d.ts") return true;
  static const std::set<std::string> kFolders = {"build", "tests/data", "docs/results"};
  return kFolders.contains(relative.generic_string());
}

}  // namespace

std::vector<SourceFile> read_tree(const fs::path& root) {
  std::vector<SourceFile> files;
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator();
       ++it) {
    const fs::path relative = it->path().lexically_relative(root);
    if (is_left_out(relative)) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file() && is_source(relative)) {
      SourceFile file{relative.generic_string(), {}};
      std::ifstream stream(it->path());
      for (std::string line; std::getline(stream, line);) file.lines.push_back(line);
      files.push_back(std::move(file));
    }
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

std::vector<std::string> layer_breaches(const SourceFile& file) {
  std::vector<std::string> breaches;
  const std::string core = folder_below("core/", file.path);
  const std::string plugin = folder_below("plugins/", file.path);
  if (core.empty() && plugin.empty()) return breaches;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const auto header = included(file.lines[i]);
    if (!header) continue;
    const auto breach = core.empty() ? plugin_breach(plugin, *header) : core_breach(core, *header);
    if (breach) breaches.push_back(at(file, i, *breach));
    if (const auto other = library_breach(file.path, *header))
      breaches.push_back(at(file, i, *other));
  }
  return breaches;
}

std::vector<std::string> hygiene_breaches(const SourceFile& file) {
  std::vector<std::string> breaches;
  if (file.lines.size() > kMaxLines)
    breaches.push_back(file.path + ": " + std::to_string(file.lines.size()) + " lines; split it (" +
                       std::to_string(kMaxLines) + " at most)");
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    for (const auto& rule : forbidden()) {
      if (std::regex_search(file.lines[i], rule.pattern))
        breaches.push_back(at(file, i, std::string(rule.what) + ": " + file.lines[i]));
    }
    if (!may_skip(file) && file.lines[i].find("GTEST_"
                                              "SKIP") != std::string::npos)
      breaches.push_back(at(file, i, "a test that is skipped"));
  }
  return breaches;
}

}  // namespace cairn::layers
