// The parameters of a workflow: declared in the file, given by files that extend it, by --params
// and by --set, in this order; the last one wins.
//
// The value of a secret is a reference, env:NAME or file:PATH, and travels as is_secret says. What
// a user gives in its place is never shown.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/workflow/declared_param.h"
#include "core/workflow/diagnostics.h"
#include "core/workflow/keys.h"
#include "core/workflow/yaml.h"

namespace cairn {

class ParamTable {
 public:
  explicit ParamTable(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // `params:` of a workflow without `extends`. folder: that of its file.
  void declare(const YamlNode& map, const fs::path& folder);
  // A map of values. Relative paths are resolved against folder.
  void assign(const YamlNode& map, const fs::path& folder);
  // "name=value", as typed after --set. Lists and maps are written as YAML: "sizes=[1, 2]".
  void set(const std::string& text, const fs::path& folder);
  // Reports parameters without a value. Call once, after all values.
  void finish();

  // Canonical values in the order of declaration; quantities are integers, paths absolute.
  [[nodiscard]] const json::object& values() const { return values_; }
  // Declared, but without a usable value; a diagnostic says so.
  [[nodiscard]] const std::set<std::string, std::less<>>& invalid() const { return invalid_; }
  // Those whose declaration is right, in its order, with the values they have now.
  [[nodiscard]] std::vector<DeclaredParam> describe() const;

 private:
  struct Declared {
    std::string type;  // as in the file: "enum", "list"
    ParamDecl decl;
    bool required = false;
    std::optional<json::value> default_value;  // as written
    std::size_t offset = 0;
    SourcePtr source;
    bool given = false;
  };
  void declare_one(const YamlEntry& entry, const fs::path& folder);
  [[nodiscard]] Declared* known(const std::string& name, const SourceFile& source,
                                std::size_t offset);
  [[nodiscard]] bool has_secrets() const;
  [[nodiscard]] std::optional<json::value> secret(const std::string& name, const YamlNode& node,
                                                  const fs::path& folder);
  void give(Declared& declared, const YamlNode& node, const fs::path& folder);

  Diagnostics& diagnostics_;
  std::map<std::string, Declared, std::less<>> declared_;
  std::vector<std::string> order_;
  json::object values_;
  std::set<std::string, std::less<>> invalid_;
};

}  // namespace cairn
