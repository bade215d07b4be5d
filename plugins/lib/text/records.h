// The records that flow between stages, read and written whole, and as prompts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"
#include "core/sdk/kinds/records.h"

namespace cairn::text {

using cairn::ContextDocument;
using cairn::Document;
using cairn::QaRecord;
using cairn::to_json;

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
