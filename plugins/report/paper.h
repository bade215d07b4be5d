// The paper's own figures (QwenLong-L1.5, arXiv 2512.12967), printed apart from ours: they belong
// to another model and other data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn::report {

struct PaperRow {
  std::string name;
  std::vector<std::optional<double>> values;  // percent, one per column; none: a dash in print
};

struct PaperTable {
  std::string id;  // "table10"
  std::string title;
  std::vector<std::string> columns;
  std::vector<PaperRow> rows;
  std::string note;
};

struct Paper {
  std::string title;
  std::string arxiv;
  std::vector<PaperTable> tables;  // table10 first
};

// The text of paper.json as it was built in.
[[nodiscard]] const char* paper_text();
[[nodiscard]] Result<Paper> paper_from_text(std::string_view text);

}  // namespace cairn::report
