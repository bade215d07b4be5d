// What readers make of sources: drafts of documents, before the rules decide on them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/sdk/param.h"
#include "plugins/lib/text/records.h"

namespace cairn::corpus {

// What `reader` may name (reader.h).
[[nodiscard]] const std::vector<std::string>& reader_names();

// One element of the stage's parameter `sources` (see source.h for how it is written).
struct Source {
  std::string reader = "text";
  std::string package;     // folder below `packages`, and the middle part of ids; may be empty
  std::string path;        // file or folder below that
  std::string domain;      // code, academic, professional, general, dialogue
  std::int64_t limit = 0;  // documents to keep; 0: all
  std::string separator = "\t";       // delimited: between columns
  std::vector<std::string> columns;   // delimited: their names, in order
  std::string array;                  // json: key of the array of records
  std::string id;                     // records: expression that ids are made of
  std::string only;                   // records: expression that must give something
  std::vector<std::string> lines;     // records: "Key = expression", the entity's name first
  std::vector<std::string> links;     // keys whose values name other documents of the source
  std::vector<std::string> named_by;  // keys that such values are equal to; the name is one
  std::int64_t rows = 0;              // csv: rows of a table to read; 0: all

  static auto fields() {
    return std::tuple(
        field("reader", &Source::reader, "How the files are read", Choices{reader_names()}),
        field("package", &Source::package,
              "Folder below `packages`, and the middle part of ids; may be empty"),
        field("path", &Source::path, "File or folder below that", Required{}, Pattern{".+"}),
        field("domain", &Source::domain, "What the texts are about", Required{},
              Choices{{"code", "academic", "professional", "general", "dialogue"}}),
        field("limit", &Source::limit, "Documents to keep; 0: all", AtLeast{0}),
        field("separator", &Source::separator, "delimited: what stands between columns",
              Pattern{"[\\s\\S]"}),
        field("columns", &Source::columns, "delimited: names of the columns, in order"),
        field("array", &Source::array, "json: key of the array of records"),
        field("id", &Source::id, "records: expression that ids are made of"),
        field("only", &Source::only, "records: expression that must give something"),
        field("fields", &Source::lines, "records: 'Key = expression', the entity's name first"),
        field("links", &Source::links, "Keys whose values name other documents of the source"),
        field("named_by", &Source::named_by, "Keys that such values are equal to; the name is one"),
        field("rows", &Source::rows, "csv: rows of a table to read; 0: all", AtLeast{0}));
  }
};

// One file of a source; path is relative to the source's package folder.
struct SourceFile {
  std::string path;
  std::string bytes;
};

struct Draft {
  text::Document document;         // package and version may still be empty
  std::vector<std::string> names;  // what links of other drafts call it
  std::vector<std::string> links;  // names of drafts that it leads to
  std::string problem;             // why the source's text gives no document; empty: it does
};

// Lower case; whatever is no letter, digit, '.', '+' or '_' becomes one '-'. ASCII only.
[[nodiscard]] std::string slug(std::string_view text);

// "Key: value" lines.
using Fields = std::vector<std::pair<std::string, std::string>>;
// A record document: the first field's value is the title.
[[nodiscard]] Draft record_draft(const Source& source, std::string_view id, const Fields& lines);
// What a malformed piece of a file leaves behind.
[[nodiscard]] Draft malformed_draft(const Source& source, const SourceFile& file, std::size_t line,
                                    std::string problem);

}  // namespace cairn::corpus
