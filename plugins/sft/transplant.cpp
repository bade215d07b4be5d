#include "plugins/sft/transplant.h"

#include <map>

namespace cairn::sft {
namespace {

// Old rows that make up each new token: one when the bytes match.
struct RowMap {
  std::vector<std::vector<std::int64_t>> rows;
  std::int64_t matched = 0;
};

RowMap match_rows(const model::Tokenizer& from, const model::Tokenizer& to, std::int64_t old_rows) {
  std::map<std::pair<bool, std::string>, std::int64_t> old_id;
  for (std::int64_t id = 0; id < std::min(from.vocab_size(), old_rows); ++id) {
    old_id.emplace(std::pair(from.is_special(id), from.bytes(id)), id);
  }
  RowMap map;
  for (std::int64_t id = 0; id < to.vocab_size(); ++id) {
    const auto found = old_id.find({to.is_special(id), to.bytes(id)});
    if (found != old_id.end()) {
      map.rows.push_back({found->second});
      ++map.matched;
    } else {
      map.rows.push_back(from.encode(to.bytes(id)));
    }
  }
  return map;
}

at::Tensor move_rows(const at::Tensor& old, const RowMap& map) {
  at::Tensor moved =
      at::empty({static_cast<std::int64_t>(map.rows.size()), old.size(1)}, at::kFloat);
  for (std::size_t id = 0; id < map.rows.size(); ++id) {
    at::Tensor row = moved[static_cast<std::int64_t>(id)];
    if (map.rows[id].empty()) {
      row.zero_();
    } else {
      row.copy_(old.index_select(0, at::tensor(map.rows[id], at::kLong)).mean(0));
    }
  }
  return moved;
}

}  // namespace

Result<Transplanted> transplant(const model::CausalLm& policy, const model::Tokenizer& from,
                                const model::Tokenizer& to) {
  at::NoGradGuard no_grad;
  model::ModelConfig config = policy.config();
  config.vocab_size = to.vocab_size();
  config.eos_ids = {};
  if (const auto end = to.find(model::kImEnd)) config.eos_ids = {*end};
  config.pad_id = to.find(model::kEndOfText).value_or(-1);
  config.bos_id = -1;
  CAIRN_ASSIGN(model::CausalLm fresh, model::CausalLm::init(config, 0));
  const RowMap map = match_rows(from, to, policy.config().vocab_size);
  for (const auto& [name, values] : policy.parameters()) {
    const bool per_token = name == "model.embed_tokens.weight" || name == "lm_head.weight";
    CAIRN_TRY(fresh.set_parameter(name, per_token ? move_rows(values, map) : values));
  }
  return Transplanted{std::move(fresh), map.matched};
}

}  // namespace cairn::sft
