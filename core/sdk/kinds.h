// The common artifact kinds. Each is a type for ports (kind.h); find_common_kind knows them by
// name.
#pragma once

#include "core/sdk/kinds/folder.h"
#include "core/sdk/kinds/record_file.h"
#include "core/sdk/kinds/records.h"

namespace cairn {

// A response that was made elsewhere (eval grades it).
struct Prediction {
  std::string id;
  std::string response;
  static auto fields() {
    return std::tuple(field("id", &Prediction::id, "Record it answers", Required{}),
                      field("response", &Prediction::response, "What was answered", Required{}));
  }
};

// One point of a curve.
struct MetricPoint {
  std::string name;
  std::int64_t step = 0;
  double value = 0;
  static auto fields() {
    return std::tuple(field("name", &MetricPoint::name, "Metric", Required{}),
                      field("step", &MetricPoint::step, "Step", Required{}),
                      field("value", &MetricPoint::value, "Value", Required{}));
  }
};

// A line of `scores`: id and score, and whatever else belongs to the item.
struct Score {
  std::string id;
  double score = 0;
  json::object members;  // all of the line

  [[nodiscard]] static Result<Score> from_json(const json::object& object);
};
[[nodiscard]] json::object to_json(const Score& score);

// A line of `table`: no member holds a list or a map.
struct TableRow {
  json::object cells;

  [[nodiscard]] static Result<TableRow> from_json(const json::object& object);
};
[[nodiscard]] json::object to_json(const TableRow& row);

namespace kind {

struct Documents : JsonLines<Document> {
  static constexpr const char* kName = "documents";
  static constexpr const char* kDoc = "Texts to ask about, one Document a line";
};
struct Qa : JsonLines<QaRecord> {
  static constexpr const char* kName = "qa";
  static constexpr const char* kDoc = "Questions with verifiable answers, one QaRecord a line";
};
struct Predictions : JsonLines<Prediction> {
  static constexpr const char* kName = "predictions";
  static constexpr const char* kDoc = "Responses made elsewhere, one {id, response} a line";
};
struct Scores : JsonLines<Score> {
  static constexpr const char* kName = "scores";
  static constexpr const char* kDoc = "Graded items, one {id, score, …} a line";
};
struct Table : JsonLines<TableRow> {
  static constexpr const char* kName = "table";
  static constexpr const char* kDoc = "Rows of plain values, one object a line";
};
struct Metrics : JsonLines<MetricPoint> {
  static constexpr const char* kName = "metrics";
  static constexpr const char* kDoc = "Curves, one {name, step, value} a line";
};

struct File {
  static constexpr const char* kName = "file";
  static constexpr const char* kDoc = "Anything: a port of this kind takes every artifact";
  static constexpr bool kFolder = false;
  using Reader = ByteReader;
  using Writer = ByteWriter;
  static Result<void> validate(const fs::path& path);
  static Result<Preview> preview(const fs::path& path, std::size_t rows);
};
struct Summary {
  static constexpr const char* kName = "summary";
  static constexpr const char* kDoc = "One JSON object with the figures of an evaluation";
  static constexpr bool kFolder = false;
  using Reader = JsonReader;
  using Writer = JsonWriter;
  static Result<void> validate(const fs::path& path);
  static Result<Preview> preview(const fs::path& path, std::size_t rows);
};

struct Directory {
  static constexpr const char* kName = "directory";
  static constexpr const char* kDoc = "A folder of any files";
  static constexpr bool kFolder = true;
  using Reader = FolderReader;
  using Writer = FolderWriter;
  static Result<void> validate(const fs::path& path);
  static Result<Preview> preview(const fs::path& path, std::size_t rows);
};
// Weights are safetensors only: formats that can carry code (.bin, .pt, .pkl) are refused.
struct Model : Directory {
  static constexpr const char* kName = "model";
  static constexpr const char* kDoc =
      "Hugging Face folder: config.json, safetensors, and mostly a tokenizer";
  static Result<void> validate(const fs::path& path);
};
struct Tokenizer : Directory {
  static constexpr const char* kName = "tokenizer";
  static constexpr const char* kDoc = "Folder with tokenizer.json";
  static Result<void> validate(const fs::path& path);
};
struct Rollouts : Directory {
  static constexpr const char* kName = "rollouts";
  static constexpr const char* kDoc = "Folder: steps.jsonl and rollouts.jsonl of a training";
  static Result<void> validate(const fs::path& path);
};
// A folder with index.html, or a file with one JSON object.
struct Report : Directory {
  static constexpr const char* kName = "report";
  static constexpr const char* kDoc = "For people: a folder with index.html, or one JSON object";
  static Result<void> validate(const fs::path& path);
  static Result<Preview> preview(const fs::path& path, std::size_t rows);
};

}  // namespace kind
}  // namespace cairn
