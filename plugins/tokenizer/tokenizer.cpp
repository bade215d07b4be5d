// tokenizer: learns a byte-level BPE vocabulary from documents, in Qwen2's manner.
#include "plugins/lib/model/tokenizer.h"

#include "core/sdk/plugin.h"
#include "plugins/lib/self_test/inputs.h"
#include "plugins/lib/text/records.h"

namespace cairn {
namespace {

struct TokenizerStage : Stage {
  Param<std::int64_t> vocab_size{this, "vocab_size", 1500,
                                 "Tokens in all: 256 bytes, learned merges, 3 special tokens",
                                 Range{259, 1 << 20}};
  Param<std::int64_t> max_documents{this, "max_documents", 0,
                                    "Documents to learn from, spread evenly; 0: all", AtLeast{0}};
  Param<std::vector<std::string>> phrases{
      this, "phrases", std::vector<std::string>{},
      "Sentences that prompts repeat; each is learned from as often as there are documents"};
  Param<Tokens> max_length{this, "model_max_length", Tokens{4096},
                           "Context length written to tokenizer_config.json"};
  Input<kind::Documents> documents{this, "documents", "Texts to learn from"};
  Input<kind::Qa> dataset{this, "dataset", "Questions to learn from too, as a model is asked them",
                          Optional{}};
  Output<kind::Tokenizer> tokenizer{this, "tokenizer", "tokenizer.json and tokenizer_config.json"};
  Metric vocabulary{this, "vocab_size", "tokens", "Entries of the vocabulary"};
  Metric bytes_per_token{this, "bytes_per_token", "bytes", "Of the texts it learned from"};

  Result<void> run(StageContext& ctx) override {
    CAIRN_ASSIGN(const std::vector<std::string> texts, collect());
    if (texts.empty()) {
      return invalid_argument("there is no document to learn a vocabulary from",
                              "check the stage that made `documents`");
    }
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    CAIRN_ASSIGN(const std::string trained, model::train_tokenizer(views, *vocab_size));
    FileSystem& files = real_file_system();
    CAIRN_TRY(files.make_directories(tokenizer.path()));
    CAIRN_TRY(files.write_atomic(tokenizer.path() / "tokenizer.json", trained));
    CAIRN_TRY(files.write_atomic(tokenizer.path() / "tokenizer_config.json",
                                 model::tokenizer_config_json(max_length->count)));
    return report(ctx, trained, views);
  }

 private:
  Result<std::vector<std::string>> collect() const {
    CAIRN_ASSIGN(std::vector<text::Document> all, text::read_documents(documents.path()));
    const auto count = static_cast<std::int64_t>(all.size());
    const std::int64_t wanted = *max_documents > 0 ? std::min(*max_documents, count) : count;
    std::vector<std::string> texts;
    for (std::int64_t i = 0; i < wanted; ++i) {
      text::Document& document = all[static_cast<std::size_t>(i * count / wanted)];
      texts.push_back(std::move(document.title));
      texts.push_back(std::move(document.text));
    }
    for (std::int64_t i = 0; i < wanted; ++i) {
      texts.insert(texts.end(), phrases->begin(), phrases->end());
    }
    if (dataset.present()) {
      CAIRN_ASSIGN(const std::vector<text::QaRecord> records, text::read_qa(dataset.path()));
      for (const text::QaRecord& record : records) {
        texts.push_back(text::render_prompt(record));
        if (!record.answer.empty()) texts.push_back(text::answer_sentence(record.answer.front()));
      }
    }
    return texts;
  }

  Result<void> report(StageContext& ctx, const std::string& trained,
                      const std::vector<std::string_view>& texts) const {
    CAIRN_ASSIGN(const model::Tokenizer learned, model::Tokenizer::from_json(trained));
    std::size_t bytes = 0, tokens = 0;
    for (std::size_t i = 0; i < texts.size(); i += std::max<std::size_t>(1, texts.size() / 200)) {
      bytes += texts[i].size();
      tokens += learned.encode(texts[i]).size();
    }
    vocabulary.record(ctx, 0, static_cast<double>(learned.vocab_size()));
    if (tokens > 0) {
      bytes_per_token.record(ctx, 0, static_cast<double>(bytes) / static_cast<double>(tokens));
    }
    return {};
  }
};

}  // namespace
}  // namespace cairn

CAIRN_PLUGIN(cairn::stage_type<cairn::TokenizerStage>(
                 "tokenizer", "Learns a byte-level BPE vocabulary with ChatML's special tokens")
                 .self_test([](cairn::SelfTest& test) -> cairn::Result<void> {
                   test.param("vocab_size", 300);
                   CAIRN_TRY(cairn::self_test::give_questions(test, "dataset"));
                   return test.records<cairn::Document>(
                       "documents",
                       {{"d", "Colours", "Red is as green as blue.", "general", "", ""}});
                 }))
