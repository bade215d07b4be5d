// The records that flow between stages, as JSON Lines (RECIPE §2).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn::text {

// One line of a `documents` artifact.
struct Document {
  std::string id;
  std::string title;
  std::string text;
  std::string domain;
  std::string package;  // Debian source package and version it comes from
  std::string version;
};

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
};

[[nodiscard]] json::object to_json(const Document& document);
[[nodiscard]] Result<Document> document_from_json(const json::object& object);
[[nodiscard]] json::object to_json(const QaRecord& record);
[[nodiscard]] Result<QaRecord> qa_record_from_json(const json::object& object);

// Calls `each` with every line's object, in order. Errors name file and line.
[[nodiscard]] Result<void> read_json_lines(
    const fs::path& file, const std::function<Result<void>(const json::object&)>& each);
[[nodiscard]] Result<std::vector<Document>> read_documents(const fs::path& file);
[[nodiscard]] Result<std::vector<QaRecord>> read_qa(const fs::path& file);
[[nodiscard]] Result<void> write_documents(const fs::path& file,
                                           const std::vector<Document>& documents);
[[nodiscard]] Result<void> write_qa(const fs::path& file, const std::vector<QaRecord>& records);

// How a record is put to a model: the user turn of a chat.
//   [document texts, each under its title] question [choices] format instruction
[[nodiscard]] std::string render_prompt(const QaRecord& record);

// What a model is taught to answer: "The answer is X".
[[nodiscard]] std::string answer_sentence(std::string_view answer);
// The documents alone, and the question alone, for the memory agent.
[[nodiscard]] std::string render_documents(const QaRecord& record);
[[nodiscard]] std::string render_question(const QaRecord& record);

}  // namespace cairn::text
