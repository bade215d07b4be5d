#include "plugins/eval/predictions.h"

#include <map>

namespace cairn::eval {

Result<std::vector<ItemResult>> grade_predictions(const fs::path& file,
                                                  const std::vector<text::QaRecord>& records,
                                                  bool thinks) {
  std::map<std::string, std::vector<Response>, std::less<>> responses;
  for (const auto& record : records) responses[record.id];
  CAIRN_TRY(text::read_json_lines(file, [&](const json::object& line) -> Result<void> {
    CAIRN_ASSIGN(const std::string id, get_string(line, "id"));
    CAIRN_ASSIGN(std::string response, get_string(line, "response"));
    const auto item = responses.find(id);
    if (item == responses.end())
      return invalid_argument("no evaluation item has the id '" + id + "'",
                              "the predictions must be of the dataset they are graded on");
    item->second.push_back({std::move(response), 0, false});
    return {};
  }));
  std::vector<ItemResult> results;
  const auto samples = records.empty() ? 0 : responses[records.front().id].size();
  for (const auto& record : records) {
    const auto& given = responses[record.id];
    if (given.empty() || given.size() != samples)
      return invalid_argument("the predictions hold " + std::to_string(given.size()) +
                                  " responses to '" + record.id + "'" +
                                  (given.empty() ? std::string()
                                                 : ", but " + std::to_string(samples) + " to '" +
                                                       records.front().id + "'"),
                              "give every item equally many responses, at least one; an empty "
                              "response counts as wrong");
    results.push_back(grade_item(record, given, thinks));
  }
  return results;
}

}  // namespace cairn::eval
