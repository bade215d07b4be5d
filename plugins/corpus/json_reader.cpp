#include "plugins/corpus/reader.h"

namespace cairn::corpus {
namespace {

RawRecord raw(const json::object& object) {
  RawRecord record;
  for (const auto& [key, value] : object) {
    if (value.is_string()) {
      record[std::string(key)] = std::string(value.as_string());
    } else if (value.is_number() || value.is_bool()) {
      record[std::string(key)] = json::serialize(value);
    }
  }
  return record;
}

class JsonReader final : public Reader {
 public:
  std::string_view extension() const override { return ".json"; }

  Result<std::vector<Draft>> read(const Source& source, const SourceFile& file) const override {
    CAIRN_ASSIGN(const RecordMapping mapping, RecordMapping::of(source));
    const auto whole = parse_json_object(file.bytes);
    if (!whole.ok()) {
      return std::vector{malformed_draft(source, file, 1, "no JSON: " + whole.error().message)};
    }
    const auto array = get_array(*whole, source.array);
    if (!array.ok()) return std::vector{malformed_draft(source, file, 1, array.error().message)};
    std::vector<Draft> drafts;
    std::size_t number = 0;
    for (const json::value& element : **array) {
      ++number;
      drafts.push_back(element.is_object()
                           ? mapping.draft(source, file, number, raw(element.as_object()))
                           : malformed_draft(source, file, number, "the record is no object"));
    }
    return drafts;
  }
};

}  // namespace

std::unique_ptr<Reader> json_reader() {
  return std::make_unique<JsonReader>();
}

}  // namespace cairn::corpus
