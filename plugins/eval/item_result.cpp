#include "plugins/eval/item_result.h"

#include "plugins/lib/grade/reward.h"

namespace cairn::eval {

ItemResult grade_item(const text::QaRecord& record, const std::vector<Response>& responses,
                      bool thinks) {
  ItemResult item;
  item.id = record.id;
  item.task = record.task;
  item.abstained = record.answer.empty();
  const grade::Gold gold{record.task, record.answer};
  for (const auto& response : responses) {
    item.score += grade::rule_reward(response.text, gold, thinks);
    item.well_formed += grade::well_formed(response.text, thinks) ? 1 : 0;
    item.cut += response.cut ? 1 : 0;
    item.tokens += static_cast<double>(response.tokens);
    item.responses.push_back(response.text);
  }
  const auto count = static_cast<double>(responses.size());
  for (double* mean : {&item.score, &item.well_formed, &item.cut, &item.tokens}) *mean /= count;
  return item;
}

ItemResult too_long_item(const text::QaRecord& record) {
  ItemResult item;
  item.id = record.id;
  item.task = record.task;
  item.too_long = true;
  return item;
}

json::object to_json(const ItemResult& item) {
  json::array responses;
  for (const auto& text : item.responses) responses.emplace_back(text);
  return {{"id", item.id},
          {"task", item.task},
          {"score", item.score},
          {"well_formed", item.well_formed},
          {"cut", item.cut},
          {"tokens", item.tokens},
          {"too_long", item.too_long},
          {"abstained", item.abstained},
          {"reference_nll", item.reference_nll},
          {"reference_tokens", item.reference_tokens},
          {"responses", std::move(responses)}};
}

Result<ItemResult> item_from_json(const json::object& object) {
  ItemResult item;
  CAIRN_ASSIGN(item.id, get_string(object, "id"));
  CAIRN_ASSIGN(item.task, get_string(object, "task"));
  CAIRN_ASSIGN(item.score, get_double(object, "score"));
  CAIRN_ASSIGN(item.well_formed, get_double(object, "well_formed"));
  CAIRN_ASSIGN(item.cut, get_double(object, "cut"));
  CAIRN_ASSIGN(item.tokens, get_double(object, "tokens"));
  CAIRN_ASSIGN(item.too_long, get_bool(object, "too_long"));
  CAIRN_ASSIGN(item.abstained, get_bool(object, "abstained"));
  CAIRN_ASSIGN(item.reference_nll, get_double(object, "reference_nll"));
  CAIRN_ASSIGN(item.reference_tokens, get_int(object, "reference_tokens"));
  CAIRN_ASSIGN(const auto* responses, get_array(object, "responses"));
  for (const auto& text : *responses) {
    if (!text.is_string()) return invalid_argument("'responses' holds something that is no text");
    item.responses.emplace_back(text.as_string());
  }
  return item;
}

}  // namespace cairn::eval
