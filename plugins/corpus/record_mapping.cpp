#include "core/base/text.h"
#include "plugins/corpus/reader.h"

namespace cairn::corpus {

Result<RecordMapping> RecordMapping::of(const Source& source) {
  RecordMapping mapping;
  for (const std::string& field : source.lines) {
    const std::size_t equal = field.find(" = ");
    if (equal == field.npos) {
      return invalid_argument("'" + field + "' is no field of a record document",
                              "write Key = EXPRESSION");
    }
    CAIRN_ASSIGN(Expression value, Expression::parse(field.substr(equal + 3)));
    mapping.lines_.push_back({std::string(trim(field.substr(0, equal))), std::move(value)});
  }
  if (mapping.lines_.empty()) {
    return invalid_argument("source " + source.path + " has no 'fields'",
                            "list its lines as Key = EXPRESSION, the entity's name first");
  }
  if (source.id.empty()) {
    mapping.id_.push_back(mapping.lines_.front().value);
  } else {
    CAIRN_ASSIGN(Expression id, Expression::parse(source.id));
    mapping.id_.push_back(std::move(id));
  }
  if (!source.only.empty()) {
    CAIRN_ASSIGN(Expression only, Expression::parse(source.only));
    mapping.only_.push_back(std::move(only));
  }
  return mapping;
}

Draft RecordMapping::draft(const Source& source, const SourceFile& file, std::size_t line,
                           const RawRecord& record) const {
  Fields lines;
  for (const Line& wanted : lines_) {
    std::string value = wanted.value.evaluate(record);
    if (!value.empty()) {
      lines.emplace_back(wanted.key, std::move(value));
    } else if (lines.empty()) {
      return malformed_draft(source, file, line, "no value for '" + wanted.key + "'");
    }
  }
  const std::string id = id_.front().evaluate(record);
  if (slug(id).empty()) return malformed_draft(source, file, line, "no value for its id");
  Draft draft = record_draft(source, id, lines);
  if (!only_.empty() && only_.front().evaluate(record).empty()) {
    draft.problem = "not among those that its source is for";
  }
  return draft;
}

}  // namespace cairn::corpus
