// Readers: each turns one file of a format into drafts. A malformed piece becomes a draft with a
// problem, never an error: one bad line does not cost the rest of its file.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "plugins/corpus/draft.h"
#include "plugins/corpus/expression.h"

namespace cairn::corpus {

// Pure and without state: the same source and bytes give the same drafts, in the file's order.
class Reader {
 public:
  virtual ~Reader() = default;
  // Which files of a folder it reads; "": all.
  [[nodiscard]] virtual std::string_view extension() const = 0;
  [[nodiscard]] virtual Result<std::vector<Draft>> read(const Source& source,
                                                        const SourceFile& file) const = 0;
};

// Stanzas of "Name: value" lines parted by blank lines, as in Debian's package index.
[[nodiscard]] std::unique_ptr<Reader> control_reader();
// {"array": [record, ...]}, records being flat objects.
[[nodiscard]] std::unique_ptr<Reader> json_reader();
// One record a line, columns between separators, '#' before comments.
[[nodiscard]] std::unique_ptr<Reader> delimited_reader();
// RFC 4180 tables with a header line, cut into pieces that fit a prompt.
[[nodiscard]] std::unique_ptr<Reader> csv_reader();
// Python source: a document for each module, and each public class and function at its top level.
[[nodiscard]] std::unique_ptr<Reader> python_reader();

// Any text: a file is a document, its first line the title.
[[nodiscard]] std::unique_ptr<Reader> text_reader();

[[nodiscard]] const std::vector<std::string>& reader_names();
// Null for a name that is not one of reader_names().
[[nodiscard]] std::unique_ptr<Reader> make_reader(std::string_view name);

// Makes drafts of raw records by the expressions of a source.
class RecordMapping {
 public:
  [[nodiscard]] static Result<RecordMapping> of(const Source& source);
  // line: where the record begins, for one that has no name or id.
  [[nodiscard]] Draft draft(const Source& source, const SourceFile& file, std::size_t line,
                            const RawRecord& record) const;

 private:
  struct Line {
    std::string key;
    Expression value;
  };
  std::vector<Expression> id_;    // one
  std::vector<Expression> only_;  // at most one
  std::vector<Line> lines_;
};

}  // namespace cairn::corpus
