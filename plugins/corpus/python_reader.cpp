#include <algorithm>

#include "core/base/text.h"
#include "plugins/corpus/python_source.h"
#include "plugins/corpus/reader.h"

namespace cairn::corpus {
namespace {

// "usr/lib/python3.11/json/decoder.py" is json.decoder: the parts below the folder pythonX.Y.
std::string module_name(const std::string& path) {
  std::string name;
  for (const std::string_view part : split(path, '/')) {
    if (part.starts_with("python3")) {
      name.clear();
      continue;
    }
    if (!name.empty()) name += '.';
    name += part;
  }
  if (name.ends_with(".py")) name.resize(name.size() - 3);
  if (name.ends_with(".__init__")) name.resize(name.size() - 9);
  return name;
}

bool is_private(std::string_view name) {
  return name.empty() || name.front() == '_';
}

class PythonReader final : public Reader {
 public:
  std::string_view extension() const override { return ".py"; }

  Result<std::vector<Draft>> read(const Source& source, const SourceFile& file) const override {
    const std::string module = module_name(file.path);
    if (!is_valid_utf8(file.bytes)) {
      return std::vector{malformed_draft(source, file, 1, "invalid UTF-8")};
    }
    const PythonModule parsed = parse_python(file.bytes);
    std::vector<Draft> drafts;
    Fields lines{{"Module", module},
                 {"Functions", std::to_string(parsed.functions.size())},
                 {"Classes", std::to_string(parsed.classes.size())},
                 {"Lines", std::to_string(parsed.lines)}};
    const auto imported =
        std::find_if(parsed.imports.begin(), parsed.imports.end(), [&](const std::string& name) {
          return !is_private(name) && name != module.substr(0, module.find('.'));
        });
    if (imported != parsed.imports.end()) lines.emplace_back("Imports", *imported);
    drafts.push_back(record_draft(source, module, lines));
    for (const PythonFunction& function : parsed.functions) {
      if (!is_private(function.name)) drafts.push_back(describe(source, module, function));
    }
    for (const PythonClass& found : parsed.classes) {
      if (!is_private(found.name)) drafts.push_back(describe(source, module, parsed, found));
    }
    return drafts;
  }

 private:
  static Draft describe(const Source& source, const std::string& module,
                        const PythonFunction& function) {
    const std::string name = module + "." + function.name;
    Fields lines{{"Function", name}, {"Defined in", module}};
    lines.emplace_back("Arguments", std::to_string(function.arguments.size()));
    if (!function.arguments.empty()) lines.emplace_back("First argument", function.arguments[0]);
    lines.emplace_back("Length", std::to_string(function.lines));
    return record_draft(source, name, lines);
  }

  // A base of the same module is given by its full name, as its own document calls it.
  static Draft describe(const Source& source, const std::string& module, const PythonModule& parsed,
                        const PythonClass& found) {
    const std::string name = module + "." + found.name;
    const bool here =
        std::any_of(parsed.classes.begin(), parsed.classes.end(),
                    [&](const PythonClass& other) { return other.name == found.base; });
    Fields lines{{"Class", name}, {"Defined in", module}};
    if (!found.base.empty())
      lines.emplace_back("Base", here ? module + "." + found.base : found.base);
    lines.emplace_back("Methods", std::to_string(found.methods));
    lines.emplace_back("Length", std::to_string(found.lines));
    return record_draft(source, name, lines);
  }
};

}  // namespace

std::unique_ptr<Reader> python_reader() {
  return std::make_unique<PythonReader>();
}

}  // namespace cairn::corpus
