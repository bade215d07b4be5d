#include "core/sdk/kinds/records.h"

#include <boost/json/value_from.hpp>

namespace cairn {
namespace {

Result<std::vector<std::string>> strings_from_json(const json::object& object,
                                                   std::string_view key) {
  CAIRN_ASSIGN(const auto* array, get_array(object, key));
  std::vector<std::string> strings;
  for (const auto& value : *array) {
    if (!value.is_string())
      return invalid_argument("'" + std::string(key) + "' holds something other than strings");
    strings.emplace_back(value.as_string());
  }
  return strings;
}

Result<ContextDocument> context_document_from_json(const json::value& value) {
  if (!value.is_object()) return invalid_argument("an element of 'documents' is no object");
  const auto& object = value.as_object();
  ContextDocument document;
  CAIRN_ASSIGN(document.id, get_string(object, "id"));
  CAIRN_ASSIGN(document.title, get_string(object, "title"));
  CAIRN_ASSIGN(document.text, get_string(object, "text"));
  CAIRN_ASSIGN(auto role, get_string(object, "role"));
  if (role != "evidence" && role != "distractor")
    return invalid_argument("a document's role is 'evidence' or 'distractor', not '" + role + "'");
  document.evidence = role == "evidence";
  return document;
}

}  // namespace

json::object to_json(const Document& document) {
  return {{"id", document.id},           {"title", document.title},
          {"text", document.text},       {"domain", document.domain},
          {"package", document.package}, {"version", document.version}};
}

Result<Document> Document::from_json(const json::object& object) {
  Document document;
  CAIRN_ASSIGN(document.id, get_string(object, "id"));
  CAIRN_ASSIGN(document.title, get_string(object, "title"));
  CAIRN_ASSIGN(document.text, get_string(object, "text"));
  CAIRN_ASSIGN(document.domain, get_string(object, "domain"));
  CAIRN_ASSIGN(document.package, get_string(object, "package"));
  CAIRN_ASSIGN(document.version, get_string(object, "version"));
  return document;
}

json::object to_json(const QaRecord& record) {
  json::object object{{"id", record.id},
                      {"task", record.task},
                      {"question_type", record.question_type},
                      {"domain", record.domain},
                      {"question", record.question},
                      {"answer", json::value_from(record.answer)}};
  if (!record.choices.empty()) object["choices"] = json::value_from(record.choices);
  object["format_instruction"] = record.format_instruction;
  json::array documents;
  for (const auto& document : record.documents)
    documents.push_back(json::object{{"id", document.id},
                                     {"title", document.title},
                                     {"text", document.text},
                                     {"role", document.evidence ? "evidence" : "distractor"}});
  object["documents"] = std::move(documents);
  object["provenance"] = record.provenance;
  if (record.pass_rate) object["pass_rate"] = *record.pass_rate;
  object["seed"] = record.seed;
  return object;
}

Result<QaRecord> QaRecord::from_json(const json::object& object) {
  QaRecord record;
  CAIRN_ASSIGN(record.id, get_string(object, "id"));
  CAIRN_ASSIGN(record.task, get_string(object, "task"));
  CAIRN_ASSIGN(record.question_type, get_string(object, "question_type"));
  CAIRN_ASSIGN(record.domain, get_string(object, "domain"));
  CAIRN_ASSIGN(record.question, get_string(object, "question"));
  CAIRN_ASSIGN(record.answer, strings_from_json(object, "answer"));
  if (object.contains("choices")) {
    CAIRN_ASSIGN(record.choices, strings_from_json(object, "choices"));
  }
  CAIRN_ASSIGN(record.format_instruction, get_string(object, "format_instruction"));
  CAIRN_ASSIGN(const auto* documents, get_array(object, "documents"));
  for (const auto& value : *documents) {
    CAIRN_ASSIGN(auto document, context_document_from_json(value));
    record.documents.push_back(std::move(document));
  }
  if (object.contains("provenance")) {
    CAIRN_ASSIGN(const auto* provenance, get_object(object, "provenance"));
    record.provenance = *provenance;
  }
  if (object.contains("pass_rate")) {
    CAIRN_ASSIGN(record.pass_rate, get_double(object, "pass_rate"));
  }
  if (object.contains("seed")) {
    CAIRN_ASSIGN(record.seed, get_uint(object, "seed"));
  }
  return record;
}

}  // namespace cairn
