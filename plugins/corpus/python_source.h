// What the top level of a Python file defines, found line by line without running it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cairn::corpus {

struct PythonFunction {
  std::string name;
  std::vector<std::string> arguments;  // names in order; "*args" and "**kwargs" with their stars
  std::size_t lines = 0;               // from `def` to its last line
};

struct PythonClass {
  std::string name;
  std::string base;  // the first, "" without one
  std::size_t methods = 0;
  std::size_t lines = 0;
};

struct PythonModule {
  std::vector<PythonFunction> functions;
  std::vector<PythonClass> classes;
  std::vector<std::string> imports;  // top-level modules named by `import` and `from … import`
  std::size_t lines = 0;
};

// Text inside triple-quoted strings is passed over. Definitions under `if` or `try` are not seen:
// which of them holds depends on where the module runs.
[[nodiscard]] PythonModule parse_python(std::string_view source);

}  // namespace cairn::corpus
