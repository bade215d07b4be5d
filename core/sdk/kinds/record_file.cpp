#include "core/sdk/kinds/record_file.h"

#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::size_t kCellBytes = 200;

std::string cell(const json::value* value) {
  if (value == nullptr || value->is_null()) return {};
  std::string text = printable(value->is_string() ? std::string_view(value->as_string())
                                                  : std::string_view(json_text(*value)));
  if (text.size() <= kCellBytes) return text;
  std::size_t cut = kCellBytes;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  return text.substr(0, cut) + "…";
}

}  // namespace

Result<json::object> known_members(const ParamDecl& decl, const json::object& object) {
  json::object known;
  for (const ParamDecl& field : decl.fields)
    if (const auto* member = object.if_contains(field.name)) known[field.name] = *member;
  std::vector<ParamProblem> problems;
  ParamDecl record = decl;
  record.name = "record";
  json::value canonical = canonical_param(record, known, problems);
  if (problems.empty()) return std::move(canonical.as_object());
  Error error = std::move(problems.front().error);
  for (const auto& [from, to] :
       {std::pair("parameter 'record.", "'"), std::pair("parameter 'record'", "the record")})
    if (error.message.starts_with(from))
      error.message.replace(0, std::string_view(from).size(), to);
  return error;
}

Result<ObjectReader> ObjectReader::open(const fs::path& path) {
  CAIRN_ASSIGN(LineReader lines, LineReader::open(path));
  return ObjectReader(std::move(lines));
}

Result<std::optional<json::object>> ObjectReader::next() {
  for (;;) {
    CAIRN_ASSIGN(const auto line, lines_.next());
    if (!line) return std::optional<json::object>();
    if (line->empty()) continue;
    auto object = parse_json_object(*line);
    if (object.ok()) return std::optional(std::move(object).value());
    Error error = std::move(object).error();
    if (!lines_.complete())
      error = with_context(std::move(error), "the last line has no end, the file may be cut short");
    return lines_.here(std::move(error));
  }
}

Result<Preview> preview_records(const fs::path& path, std::size_t rows) {
  CAIRN_ASSIGN(ObjectReader reader, ObjectReader::open(path));
  Preview preview;
  for (;;) {
    CAIRN_ASSIGN(const auto object, reader.next());
    if (!object) return preview;
    if (preview.rows.size() == rows) {
      preview.more = true;
      return preview;
    }
    if (preview.columns.empty())
      for (const auto& member : *object) preview.columns.emplace_back(member.key());
    std::vector<std::string> row;
    for (const std::string& column : preview.columns)
      row.push_back(cell(object->if_contains(column)));
    preview.rows.push_back(std::move(row));
  }
}

}  // namespace cairn
