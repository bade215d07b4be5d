#include "core/sdk/kinds.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/json/value_from.hpp>
#include <cstring>

#include "core/base/text.h"
#include "core/sdk/kinds/rollout_columns.h"

namespace cairn {
namespace {

constexpr std::size_t kPreviewBytes = 4096;
constexpr std::size_t kHeaderLength = 8;  // of safetensors: the header's size, little endian
constexpr std::size_t kMaxHeader = std::size_t{100} << 20;
constexpr std::array kPickles = {".bin", ".pt", ".pth", ".pkl", ".ckpt"};

Result<void> need_file(const FolderReader& folder, const char* name, const char* what) {
  if (folder.contains(name)) return {};
  return invalid_argument(folder.path().string() + " is no " + what + ": it has no " + name);
}

// The last byte of data that a header speaks of.
Result<std::uint64_t> end_of_data(const json::object& header) {
  std::uint64_t end = 0;
  for (const auto& member : header) {
    if (member.key() == "__metadata__") continue;
    if (!member.value().is_object()) return corrupt("a tensor of the header is no object");
    CAIRN_ASSIGN(const json::array* offsets, get_array(member.value().as_object(), "data_offsets"));
    if (offsets->size() != 2 || !(*offsets)[1].is_int64() || (*offsets)[1].as_int64() < 0)
      return corrupt("tensor '" + std::string(member.key()) + "' has wrong data_offsets");
    end = std::max(end, static_cast<std::uint64_t>((*offsets)[1].as_int64()));
  }
  return end;
}

// That the file is whole; what its tensors are is for those who read them.
Result<void> check_safetensors(const fs::path& path) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  if (error) return io_error("inspect", path, error.value());
  CAIRN_ASSIGN(ByteReader reader, ByteReader::open(path));
  CAIRN_ASSIGN(const std::string length_bytes, reader.read(kHeaderLength));
  if (length_bytes.size() < kHeaderLength)
    return corrupt(path.string() + " is shorter than the header of a safetensors file");
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t length = 0;
  std::memcpy(&length, length_bytes.data(), kHeaderLength);
  if (length > std::min<std::uint64_t>(kMaxHeader, size - kHeaderLength))
    return corrupt(path.string() + " is no safetensors file, or cut short: its header would have " +
                   std::to_string(length) + " bytes");
  std::string text;
  while (text.size() < length) {
    CAIRN_ASSIGN(const std::string more, reader.read(length - text.size()));
    if (more.empty()) return corrupt(path.string() + " ended while it was read");
    text += more;
  }
  const auto header = parse_json_object(text);
  if (!header.ok()) return with_context(header.error(), path.string() + ": header");
  const auto end = end_of_data(*header);
  if (!end.ok()) return with_context(end.error(), path.string());
  if (*end != size - kHeaderLength - length)
    return corrupt(path.string() + " has " + std::to_string(size - kHeaderLength - length) +
                   " bytes of tensors, its header speaks of " + std::to_string(*end));
  return {};
}

template <typename... K>
std::vector<Kind> kinds_of() {
  std::vector<Kind> kinds{kind_of<K>()...};
  std::ranges::sort(kinds, {}, [](const Kind& kind) { return kind.decl.name; });
  return kinds;
}

const std::vector<Kind>& all_common() {
  static const std::vector<Kind> kinds =
      kinds_of<kind::Documents, kind::Qa, kind::Predictions, kind::Scores, kind::Table,
               kind::Metrics, kind::File, kind::Summary, kind::Directory, kind::Model,
               kind::Tokenizer, kind::Rollouts, kind::Report>();
  return kinds;
}

}  // namespace

Result<Score> Score::from_json(const json::object& object) {
  Score score;
  CAIRN_ASSIGN(score.id, get_string(object, "id"));
  CAIRN_ASSIGN(score.score, get_double(object, "score"));
  score.members = object;
  return score;
}

json::object to_json(const Score& score) {
  json::object object{{"id", score.id}, {"score", score.score}};
  for (const auto& member : score.members)
    if (!object.contains(member.key())) object[member.key()] = member.value();
  return object;
}

Result<TableRow> TableRow::from_json(const json::object& object) {
  for (const auto& member : object)
    if (member.value().is_structured())
      return invalid_argument("'" + std::string(member.key()) +
                              "' holds a list or a map: a table has plain values");
  return TableRow{object};
}

json::object to_json(const TableRow& row) {
  return row.cells;
}

namespace kind {

Result<void> File::validate(const fs::path&) {
  return {};
}

Result<Preview> File::preview(const fs::path& path, std::size_t rows) {
  std::error_code error;
  if (fs::is_directory(path, error)) return Directory::preview(path, rows);
  CAIRN_ASSIGN(ByteReader reader, ByteReader::open(path));
  CAIRN_ASSIGN(const std::string bytes, reader.read(kPreviewBytes));
  CAIRN_ASSIGN(const std::string next, reader.read(1));
  Preview preview;
  preview.text = printable(bytes);
  preview.more = !next.empty();
  return preview;
}

Result<void> Summary::validate(const fs::path& path) {
  CAIRN_TRY(JsonReader::open(path));
  return {};
}

Result<Preview> Summary::preview(const fs::path& path, std::size_t rows) {
  return File::preview(path, rows);
}

Result<void> Directory::validate(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return {};
  return invalid_argument(path.string() + " is a file, not a folder");
}

Result<Preview> Directory::preview(const fs::path& path, std::size_t rows) {
  CAIRN_ASSIGN(const FolderReader folder, FolderReader::open(path));
  Preview preview;
  preview.columns = {"file", "bytes"};
  for (const std::string& file : folder.files()) {
    if (preview.rows.size() == rows) {
      preview.more = true;
      break;
    }
    std::error_code error;
    preview.rows.push_back({printable(file), std::to_string(fs::file_size(path / file, error))});
  }
  return preview;
}

Result<void> Model::validate(const fs::path& path) {
  CAIRN_TRY(Directory::validate(path));
  CAIRN_ASSIGN(const FolderReader folder, FolderReader::open(path));
  CAIRN_TRY(need_file(folder, "config.json", "model"));
  CAIRN_TRY(folder.read_json("config.json"));
  bool weights = false;
  for (const std::string& file : folder.files()) {
    const std::string extension = fs::path(file).extension();
    if (std::ranges::find(kPickles, extension) != kPickles.end())
      return invalid_argument((path / file).string() + " may hold code, so it is not taken",
                              "save the weights as safetensors and leave " + file + " out");
    if (extension != ".safetensors") continue;
    weights = true;
    CAIRN_TRY(check_safetensors(path / file));
  }
  if (weights) return {};
  return invalid_argument(path.string() + " is no model: it has no safetensors file");
}

Result<void> Tokenizer::validate(const fs::path& path) {
  CAIRN_TRY(Directory::validate(path));
  CAIRN_ASSIGN(const FolderReader folder, FolderReader::open(path));
  CAIRN_TRY(need_file(folder, "tokenizer.json", "tokenizer"));
  CAIRN_TRY(folder.read_json("tokenizer.json"));
  return {};
}

Result<void> Rollouts::validate(const fs::path& path) {
  CAIRN_TRY(Directory::validate(path));
  CAIRN_ASSIGN(const FolderReader folder, FolderReader::open(path));
  for (const char* name : {"steps.jsonl", "rollouts.jsonl"}) {
    CAIRN_TRY(need_file(folder, name, "folder of rollouts"));
    CAIRN_TRY(JsonLines<json::object>::validate(path / name));
  }
  if (folder.contains(kRolloutColumns)) {
    CAIRN_TRY(need_file(folder, kRolloutSamples, "folder of rollouts"));
    CAIRN_TRY(JsonLines<RolloutSample>::validate(path / kRolloutSamples));
    CAIRN_TRY(check_rollout_columns(path));
  }
  return {};
}

Result<void> Report::validate(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return Summary::validate(path);
  CAIRN_ASSIGN(const FolderReader folder, FolderReader::open(path));
  return need_file(folder, "index.html", "report");
}

Result<Preview> Report::preview(const fs::path& path, std::size_t rows) {
  return File::preview(path, rows);
}

}  // namespace kind

json::object to_json(const Preview& preview) {
  json::object object;
  if (!preview.columns.empty()) {
    object["columns"] = json::value_from(preview.columns);
    object["rows"] = json::value_from(preview.rows);
  } else {
    object["text"] = preview.text;
  }
  object["more"] = preview.more;
  return object;
}

const Kind* common_kind(std::string_view name) {
  const auto found = std::ranges::find(
      all_common(), name, [](const Kind& kind) { return std::string_view(kind.decl.name); });
  return found == all_common().end() ? nullptr : &*found;
}

const std::vector<KindDecl>& common_kinds() {
  static const std::vector<KindDecl> decls = [] {
    std::vector<KindDecl> list;
    for (const Kind& kind : all_common()) list.push_back(kind.decl);
    return list;
  }();
  return decls;
}

const KindDecl* find_common_kind(std::string_view name) {
  const Kind* found = common_kind(name);
  return found == nullptr ? nullptr : &found->decl;
}

bool kind_matches(std::string_view given, std::string_view wanted) {
  return given == wanted || given == kind::File::kName || wanted == kind::File::kName;
}

json::object to_json(const KindDecl& kind) {
  json::object object{{"name", kind.name}, {"doc", kind.doc}};
  if (kind.folder) object["folder"] = true;
  return object;
}

Result<KindDecl> kind_decl_from_json(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return corrupt("a kind of a manifest is no object");
  KindDecl kind;
  CAIRN_ASSIGN(kind.name, get_string(*object, "name"));
  CAIRN_ASSIGN(kind.doc, get_string(*object, "doc"));
  if (object->contains("folder")) {
    CAIRN_ASSIGN(kind.folder, get_bool(*object, "folder"));
  }
  return kind;
}

}  // namespace cairn
