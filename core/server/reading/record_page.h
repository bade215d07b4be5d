// Pages of an artifact that is JSON Lines (documents, qa, scores, table, predictions, metrics), or
// of a file of a folder artifact that is.
//
// Records are numbered by their lines, from 0. A cursor is the offset of a line's first byte, as
// text.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/artifacts/content_store.h"
#include "core/base/json.h"
#include "core/server/reading/artifact_files.h"
#include "core/server/reading/indexes.h"
#include "core/server/reading/record_cut.h"
#include "core/server/reading/text_search.h"

namespace cairn {

inline constexpr std::size_t kMostRecords = 200;                         // on a page
inline constexpr std::size_t kMostRecordBytes = std::size_t{512} << 10;  // of a page's JSON
inline constexpr std::size_t kLongestRecord = std::size_t{8} << 20;      // that a page reads
inline constexpr std::size_t kLongestWholeRecord = std::size_t{64} << 20;
inline constexpr Duration kRecordWork{200};

struct RecordPlace {
  Digest digest;
  std::string file;  // in a folder artifact; else empty
};

struct RecordPageRequest {
  RecordPlace place;
  // Where to begin: at a cursor, at a record by number or by its member "id"; else at the first.
  // With an id a cursor says where to look for it from.
  std::string cursor;
  std::optional<std::uint64_t> number;
  std::string id;
  std::size_t limit = 50;
  // Which records: those whose line holds the text, escapes of JSON aside, and whose members are
  // equal: strings by their text, others by their JSON. A regular expression sees the line as it
  // is.
  std::optional<SearchText> text;
  std::map<std::string, std::string> equal;
  Duration work = kRecordWork;
};

// {"digest","file"?,"size","lines": of the file, null while they are being counted,
//  "records":[{"number"? (once counted),"offset","end",
//    "record": the object, long texts and lists cut,"cut"?: where (record_cut.h),
//    or "error": why the line is none, or "bytes": of a line too long to be read here}],
//  "next": cursor, null at the end,"searched": up to which byte,
//  "undecided"?: lines that a pattern was too costly for,
//  "counting"?: {"bytes","lines"}: the record that was asked for is not reached yet, ask again}.
// A call that searches may give fewer records than there are, or none, with a place to go on; so
// may one that looks for an id. Empty lines are no records. kNotFound: no such artifact, file or
// id. kInvalidArgument: a cursor, limit or pattern that is none.
[[nodiscard]] Result<json::object> record_page(Indexes& indexes, const ContentStore& store,
                                               const RecordPageRequest& request);

// {"offset","end","record"}: all of the record that holds this byte.
// kNotFound: there is none. kInvalidArgument: it is too long, or its line is no record.
[[nodiscard]] Result<json::object> whole_record(const ContentStore& store, const RecordPlace& place,
                                                std::uint64_t offset);

}  // namespace cairn
