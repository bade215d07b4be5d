// The records that flow between the recipe's stages (RECIPE §2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

// One line of a `documents` artifact.
struct Document {
  std::string id;
  std::string title;
  std::string text;
  std::string domain;
  std::string package;  // Debian source package and version it comes from
  std::string version;

  [[nodiscard]] static Result<Document> from_json(const json::object& object);
};
[[nodiscard]] json::object to_json(const Document& document);

struct ContextDocument {
  std::string id;
  std::string title;
  std::string text;
  bool evidence = false;  // else a distractor
};

// One line of a `qa` artifact.
struct QaRecord {
  std::string id;
  std::string task;           // multiple_choice multihop reading dialogue numerical
  std::string question_type;  // multi-fact, numerical, needle, ...
  std::string domain;
  std::string question;
  std::vector<std::string> answer;   // accepted strings; the first is the canonical one
  std::vector<std::string> choices;  // empty unless multiple choice; texts of A, B, C, ...
  std::string format_instruction;
  std::vector<ContextDocument> documents;
  json::object provenance;  // template, SQL, graph path, rounds: whatever made it
  std::optional<double> pass_rate;
  std::uint64_t seed = 0;

  [[nodiscard]] static Result<QaRecord> from_json(const json::object& object);
};
[[nodiscard]] json::object to_json(const QaRecord& record);

}  // namespace cairn
