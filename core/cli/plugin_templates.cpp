#include "core/cli/plugin_templates.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::size_t kLongestName = 64;

bool is_plugin_name(const std::string& name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kLongestName && letter(name[0]) &&
         std::ranges::all_of(
             name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

// my_filter -> MyFilter
std::string class_name(const std::string& name) {
  std::string result;
  bool upper = true;
  for (const char c : name) {
    if (c != '_')
      result += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = c == '_';
  }
  return result;
}

std::string filled(std::string text, const std::map<std::string, std::string>& values) {
  for (const auto& [key, value] : values) {
    const std::string mark = "@" + key + "@";
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size())
      text.replace(at, mark.size(), value);
  }
  return text;
}

Result<std::string> template_text(const std::string& name) {
  for (const PluginTemplateFile& file : plugin_template_files())
    if (file.name == name) return std::string(file.text);
  return internal_error("there is no template " + name);
}

}  // namespace

const std::vector<std::string>& plugin_kinds() {
  static const std::vector<std::string> kKinds = {"filter", "source", "trainer", "scorer"};
  return kKinds;
}

Result<std::vector<NewFile>> new_plugin_files(const NewPlugin& plugin) {
  if (!is_plugin_name(plugin.name))
    return invalid_argument("'" + printable(plugin.name) + "' is no name for a plugin",
                            "small letters, digits and '_', a letter first, such as my_filter");
  if (std::ranges::find(plugin_kinds(), plugin.kind) == plugin_kinds().end())
    return invalid_argument("'" + printable(plugin.kind) + "' is no kind of plugin",
                            "one of " + join(plugin_kinds(), ", "));
  if (plugin.torch && plugin.kind != "trainer")
    return invalid_argument("--torch makes a trainer, not a " + plugin.kind);
  const std::string kind = plugin.torch ? "torch" : plugin.kind;
  CAIRN_ASSIGN(const std::string about, template_text(kind + "/about"));
  const std::map<std::string, std::string> values = {
      {"NAME", plugin.name},
      {"CLASS", class_name(plugin.name)},
      {"ABOUT", std::string(trim(about))},
      {"CAIRN", plugin.cairn},
      {"PREFIX", plugin.prefix.empty() ? "" : " -DCMAKE_PREFIX_PATH=" + plugin.prefix},
      {"TORCH", plugin.torch ? " TORCH" : ""},
      {"FIND_TORCH", plugin.torch ? "find_package(Torch REQUIRED)\n" : ""}};
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"CMakeLists.txt", "common/CMakeLists.txt"},
      {plugin.name + ".cpp", kind + "/stage.cpp"},
      {plugin.name + "_test.cpp", kind + "/test.cpp"},
      {"workflow.yaml", kind + "/workflow.yaml"},
      {"README.md", "common/README.md"}};
  std::vector<NewFile> files;
  for (const auto& [name, source] : wanted) {
    CAIRN_ASSIGN(std::string text, template_text(source));
    files.push_back({name, filled(std::move(text), values)});
  }
  return files;
}

}  // namespace cairn
