// What the stages that run a program have in common: its files, its environment, what is told when
// it fails.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"
#include "core/base/subprocess.h"
#include "core/sdk/context.h"

namespace cairn::command {

// Copies files and folders into a folder, each under its own name; two of one name are an error.
[[nodiscard]] Result<void> copy_into(const std::vector<fs::path>& files, const fs::path& folder);

// The environment of this process with changes on top.
class Environment {
 public:
  Environment() : list_(current_environment()) {}
  void set(const std::string& name, const std::string& value);
  void unset(const std::string& name);
  // "" when it is not set.
  [[nodiscard]] std::string get(const std::string& name) const;
  // The parameter `env`: a map of names to plain values.
  [[nodiscard]] Result<void> add(const json::value& env);
  [[nodiscard]] const std::vector<std::string>& list() const { return list_; }

 private:
  std::vector<std::string> list_;
};

// The newest output, cut to what fits into an error message.
class Tail {
 public:
  void add(std::string_view bytes);
  // Each of the last lines, indented, after a line end; "" when nothing was printed. Secrets are
  // taken out before it is cut.
  [[nodiscard]] std::string lines(const StageContext& ctx) const;

 private:
  std::string text_;
};

// "ended with exit code 3", "was ended by SIGKILL"
[[nodiscard]] std::string describe(const ProcessEnd& end);

}  // namespace cairn::command
