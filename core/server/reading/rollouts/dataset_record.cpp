#include <boost/json/serialize.hpp>

#include "core/sdk/kinds/byte_file.h"
#include "core/server/reading/rollouts/body_head.h"
#include "core/server/reading/rollouts/rollouts.h"

namespace cairn::reading {
namespace {

// An id with escapes may be spelled in more than one way; others are found as they are.
bool may_name(std::string_view line, const std::string& id) {
  return line.find(json::serialize(json::value(id))) != std::string_view::npos ||
         line.find("\\u") != std::string_view::npos || line.find("\\/") != std::string_view::npos;
}

}  // namespace

Result<json::object> dataset_record(const fs::path& qa, const std::string& id,
                                    std::optional<std::uint64_t> record, std::size_t most_text) {
  CAIRN_ASSIGN(LineReader lines, LineReader::open(qa));
  for (std::uint64_t number = 0;;) {
    CAIRN_ASSIGN(const auto line, lines.next());
    if (!line)
      return not_found("the dataset has no sample '" + id + "'",
                       "it may be another dataset than the one that the stage was given");
    if (line->find_first_not_of(" \t") == std::string_view::npos) continue;
    const std::uint64_t here = number++;
    if (record ? here != *record : !may_name(*line, id)) continue;
    auto object = parse_json_object(*line);
    if (!object.ok()) return lines.here(std::move(object).error());
    const auto* found = object->if_contains("id");
    const bool same = found != nullptr && found->is_string() && found->as_string() == id;
    if (!same && !record) continue;
    if (!same)
      return conflict("record " + std::to_string(*record) + " of the dataset is not '" + id + "'",
                      "it is another dataset than the one that the stage was given");
    cut_texts(*object, most_text);
    return std::move(*object);
  }
}

}  // namespace cairn::reading
