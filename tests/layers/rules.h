// What the tree's own text must obey, as functions of one file: which layer may include what
// (ARCHITECTURE.md), and what no file may hold (CONTRIBUTING.md).
#pragma once

#include <string>
#include <vector>

#include "core/base/files.h"

namespace cairn::layers {

struct SourceFile {
  std::string path;  // relative to the tree's root, '/' between parts
  std::vector<std::string> lines;
};

// Every text file that people write: sources, build files, scripts, workflows, documents. Left
// out are build folders, hidden folders except .ci, golden vectors and committed data.
[[nodiscard]] std::vector<SourceFile> read_tree(const fs::path& root);

// "path:line: what breaks which rule", one for each breach.
[[nodiscard]] std::vector<std::string> layer_breaches(const SourceFile& file);
[[nodiscard]] std::vector<std::string> hygiene_breaches(const SourceFile& file);

}  // namespace cairn::layers
