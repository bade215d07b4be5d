// What stages are given in their self-tests: small, and the same bytes each time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/sdk/stage_type.h"
#include "plugins/lib/model/config.h"
#include "plugins/lib/model/tokenizer.h"
#include "plugins/lib/text/records.h"

namespace cairn::self_test {

// Twelve, of the tasks dialogue and reading in turn; the colour that is asked for stands in each
// one's document.
[[nodiscard]] std::vector<QaRecord> questions();

// FOLDER/tokenizer.json and tokenizer_config.json: at most 300 tokens, learned from the prompts of
// these questions and from answers.
[[nodiscard]] Result<model::Tokenizer> write_tokenizer(const fs::path& folder,
                                                       const std::vector<QaRecord>& questions);
// A Qwen3 of two layers, 32 wide, for this vocabulary.
[[nodiscard]] model::ModelConfig small_config(const model::Tokenizer& tokenizer);
// A model folder with this configuration, whose weights are drawn.
[[nodiscard]] Result<void> write_drawn_model(const fs::path& folder,
                                             const model::ModelConfig& config, std::uint64_t seed);

// As the input of that name: questions(), a tokenizer for them, a model of
// small_config() with its tokenizer.
[[nodiscard]] Result<void> give_questions(SelfTest& test, const std::string& input);
[[nodiscard]] Result<void> give_tokenizer(SelfTest& test, const std::string& input);
[[nodiscard]] Result<void> give_model(SelfTest& test, const std::string& input, std::uint64_t seed);

}  // namespace cairn::self_test
