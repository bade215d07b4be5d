// RecordReader and RecordWriter: JSON Lines as a stream of typed records, one object per line.
//
// A record is a struct with fields (param.h), or one with `json::object to_json(const R&)` and
// `static Result<R> from_json(const json::object&)`, or json::object itself. Members that a struct
// with fields does not know are passed over: a later version of a stage may write more.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/base/json.h"
#include "core/sdk/kind.h"
#include "core/sdk/kinds/byte_file.h"
#include "core/sdk/param.h"

namespace cairn {

// Of a struct's declaration: the members it knows, canonical.
[[nodiscard]] Result<json::object> known_members(const ParamDecl& decl, const json::object& object);

template <typename R>
[[nodiscard]] Result<R> record_from_json(const json::object& object) {
  if constexpr (HasFields<R>) {
    static const ParamDecl kDecl = ParamTraits<R>::decl();
    CAIRN_ASSIGN(const json::object members, known_members(kDecl, object));
    return ParamTraits<R>::read(members);
  } else {
    return R::from_json(object);
  }
}
template <>
[[nodiscard]] inline Result<json::object> record_from_json(const json::object& object) {
  return object;
}

template <typename R>
[[nodiscard]] json::object record_to_json(const R& record) {
  if constexpr (HasFields<R>)
    return ParamTraits<R>::write(record).as_object();
  else
    return to_json(record);
}
template <>
[[nodiscard]] inline json::object record_to_json(const json::object& record) {
  return record;
}

// Reads objects line by line; empty lines are passed over. Not thread-safe.
class ObjectReader {
 public:
  [[nodiscard]] static Result<ObjectReader> open(const fs::path& path);
  // Nothing at the end. Errors name file and line.
  [[nodiscard]] Result<std::optional<json::object>> next();
  [[nodiscard]] Error here(Error error) const { return lines_.here(std::move(error)); }

 private:
  explicit ObjectReader(LineReader lines) : lines_(std::move(lines)) {}
  LineReader lines_;
};

template <typename R>
class RecordReader {
 public:
  [[nodiscard]] static Result<RecordReader> open(const fs::path& path) {
    CAIRN_ASSIGN(ObjectReader objects, ObjectReader::open(path));
    return RecordReader(std::move(objects));
  }
  // Nothing at the end. Errors name file and line.
  [[nodiscard]] Result<std::optional<R>> next() {
    CAIRN_ASSIGN(const std::optional<json::object> object, objects_.next());
    if (!object) return std::optional<R>();
    auto record = record_from_json<R>(*object);
    if (!record.ok()) return objects_.here(std::move(record).error());
    return std::optional<R>(std::move(record).value());
  }

 private:
  explicit RecordReader(ObjectReader objects) : objects_(std::move(objects)) {}
  ObjectReader objects_;
};

// The file stands at its path once close() has returned.
template <typename R>
class RecordWriter {
 public:
  [[nodiscard]] static Result<RecordWriter> create(const fs::path& path) {
    CAIRN_ASSIGN(ByteWriter bytes, ByteWriter::create(path));
    return RecordWriter(std::move(bytes));
  }
  [[nodiscard]] Result<void> write(const R& record) {
    return bytes_.write(json::serialize(record_to_json(record)) + "\n");
  }
  [[nodiscard]] Result<void> close() { return bytes_.close(); }

 private:
  explicit RecordWriter(ByteWriter bytes) : bytes_(std::move(bytes)) {}
  ByteWriter bytes_;
};

// Columns are the members of the first record.
[[nodiscard]] Result<Preview> preview_records(const fs::path& path, std::size_t rows);

// Base of a kind that is one JSON Lines file.
template <typename R>
struct JsonLines {
  using Record = R;
  using Reader = RecordReader<R>;
  using Writer = RecordWriter<R>;
  static constexpr bool kFolder = false;
  static Result<void> validate(const fs::path& path) {
    CAIRN_ASSIGN(auto reader, Reader::open(path));
    for (;;) {
      CAIRN_ASSIGN(const auto record, reader.next());
      if (!record) return {};
    }
  }
  static Result<Preview> preview(const fs::path& path, std::size_t rows) {
    return preview_records(path, rows);
  }
};

}  // namespace cairn
