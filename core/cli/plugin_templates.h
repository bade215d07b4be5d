// What `cairn plugins new` writes: templates that lie in core/cli/templates and are part of the
// program.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace cairn {

struct PluginTemplateFile {
  const char* name;  // "filter/stage.cpp"
  const char* text;
};
// As the build found them.
[[nodiscard]] const std::vector<PluginTemplateFile>& plugin_template_files();

struct NewPlugin {
  std::string name;    // of the stage type, the folder and the library
  std::string kind;    // filter, source, trainer, scorer
  bool torch = false;  // a trainer on LibTorch
  std::string cairn;   // how its README calls the program
  std::string prefix;  // the installed tree find_package must be told of; may be empty
};

struct NewFile {
  std::string name;
  std::string text;
};

[[nodiscard]] const std::vector<std::string>& plugin_kinds();

// The files of a plugin's folder. Errors: a name that is none, an unknown kind.
[[nodiscard]] Result<std::vector<NewFile>> new_plugin_files(const NewPlugin& plugin);

}  // namespace cairn
