// Artifact kinds: how what lies between stages is read, written, checked and shown.
//
// A kind is a type. Those of kinds.h are common; a plugin defines its own in the same way and uses
// it for its ports:
//
//   struct Pair {
//     std::string chosen;
//     std::string rejected;
//     static auto fields() { … }                         // param.h
//   };
//   struct Pairs : cairn::JsonLines<Pair> {              // or a reader and a writer of its own
//     static constexpr const char* kName = "acme.pairs";
//     static constexpr const char* kDoc = "Answers to compare, one pair a line";
//   };
//   cairn::Input<Pairs> pairs{this, "pairs", "Pairs to learn from"};
//
// What a kind has:
//   kName, kDoc, kFolder                                   one file, or a folder
//   Reader: static Result<Reader> open(const fs::path&)
//   Writer: static Result<Writer> create(const fs::path&)
//   static Result<void> validate(const fs::path&)          run over every output, in the host
//   static Result<Preview> preview(const fs::path&, std::size_t rows)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"
#include "core/sdk/kind_decl.h"

namespace cairn {

// What people are shown of an artifact: a text, or the first rows of a table.
struct Preview {
  std::string text;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  bool more = false;  // there is more than this
};
[[nodiscard]] json::object to_json(const Preview& preview);

// A kind without its type.
struct Kind {
  KindDecl decl;
  Result<void> (*validate)(const fs::path& path) = nullptr;
  Result<Preview> (*preview)(const fs::path& path, std::size_t rows) = nullptr;
};

template <typename K>
[[nodiscard]] Kind kind_of() {
  return {{K::kName, K::kDoc, K::kFolder}, &K::validate, &K::preview};
}

// Null where kinds.h has no such kind.
[[nodiscard]] const Kind* common_kind(std::string_view name);

}  // namespace cairn
