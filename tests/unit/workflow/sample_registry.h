// Stage types for tests: small cousins of the real ones.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "core/base/files.h"
#include "core/plugin/manifest.h"
#include "core/workflow/check.h"

namespace cairn::testing {

// corpus → documents; filter(documents) → kept: documents; train(dataset, policy?) → model,
// rollouts; report(summaries: list); import(kind) → artifact; shell.
[[nodiscard]] const Registry& sample_registry();

// A folder that lives as long as the object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }
  fs::path write(const std::string& name, const std::string& text) const;

 private:
  fs::path path_;
};

// Checks a text as the file "w.yaml" of a folder.
[[nodiscard]] CheckedWorkflow check_text(const std::string& text,
                                         const std::vector<std::string>& set = {},
                                         const fs::path& folder = "/tmp");

// The messages of all diagnostics, one "line:column code message" each.
[[nodiscard]] std::vector<std::string> messages(const CheckedWorkflow& checked);

}  // namespace cairn::testing
