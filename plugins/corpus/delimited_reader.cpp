#include "core/base/text.h"
#include "plugins/corpus/reader.h"

namespace cairn::corpus {
namespace {

class DelimitedReader final : public Reader {
 public:
  std::string_view extension() const override { return ""; }

  Result<std::vector<Draft>> read(const Source& source, const SourceFile& file) const override {
    CAIRN_ASSIGN(const RecordMapping mapping, RecordMapping::of(source));
    if (source.columns.empty()) {
      return invalid_argument("source " + source.path + " has no 'columns'",
                              "name the columns that a line holds, in order");
    }
    std::vector<Draft> drafts;
    std::size_t number = 0;
    for (std::string_view line : split(file.bytes, '\n')) {
      ++number;
      if (trim(line).empty() || line.front() == '#') continue;
      if (line.ends_with('\r')) line.remove_suffix(1);
      const auto cells = split(line, source.separator.front());
      if (cells.size() < 2) {
        drafts.push_back(malformed_draft(source, file, number, "a line of one column"));
        continue;
      }
      RawRecord record;
      for (std::size_t i = 0; i < cells.size() && i < source.columns.size(); ++i) {
        record[source.columns[i]] = std::string(cells[i]);
      }
      drafts.push_back(mapping.draft(source, file, number, record));
    }
    return drafts;
  }
};

}  // namespace

std::unique_ptr<Reader> delimited_reader() {
  return std::make_unique<DelimitedReader>();
}

}  // namespace cairn::corpus
