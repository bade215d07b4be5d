// The fenced blocks of docs/exec.md, so that tests run what readers copy.
#pragma once

#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/text.h"

namespace cairn::testing {

struct DocumentBlock {
  std::string language;
  std::string text;
};

inline std::vector<DocumentBlock> blocks_of_document() {
  const std::string text =
      real_file_system().read(fs::path(CAIRN_SOURCE_DIR) / "docs/exec.md").value_or("");
  std::vector<DocumentBlock> blocks;
  bool inside = false;
  for (const auto line : split(text, '\n')) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({std::string(line.substr(3)), ""});
    } else if (inside) {
      blocks.back().text += std::string(line) + "\n";
    }
  }
  return blocks;
}

// The block that begins with "# NAME"; empty where there is none.
inline std::string file_of_document(const std::string& name) {
  for (const auto& block : blocks_of_document())
    if (block.text.starts_with("# " + name + "\n")) return block.text;
  return {};
}

}  // namespace cairn::testing
