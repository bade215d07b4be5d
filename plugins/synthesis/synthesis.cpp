// synthesis.*: questions with verified answers from real documents, by rules (RECIPE §2).
#include "core/sdk/plugin.h"
#include "plugins/synthesis/general.h"
#include "plugins/synthesis/multihop.h"
#include "plugins/synthesis/numerical.h"
#include "plugins/synthesis/sample_documents.h"

namespace cairn::synthesis {
namespace {

// What the three stages share: how much to make, how large a context, where it goes.
struct SynthesisStage : Stage {
  Param<std::int64_t> items{this, "items", 600,
                            "Items to make from documents that may be trained on", AtLeast{0}};
  Param<std::int64_t> held_out_items{this, "held_out_items", 400,
                                     "Items to make from held-out documents", AtLeast{0}};
  Param<double> min_share{this, "min_share", 0.5,
                          "Fewer than this share of the wanted items, on either side, is an error",
                          Range{0, 1}};
  Param<std::int64_t> min_documents{
      this, "min_documents", 1, "Fewest documents in a context, evidence included", Range{1, 1000}};
  Param<std::int64_t> max_documents{
      this, "max_documents", 4, "Most documents in a context, evidence included", Range{1, 1000}};
  Param<Bytes> max_context{this, "max_context", Bytes{800},
                           "Longest context: bytes of all its documents and titles", AtLeast{1}};
  Input<kind::Documents> documents{this, "documents", "Documents to ask about"};
  Output<kind::Qa> qa{this, "qa", "Questions with answers, evidence and distractors"};
  Output<kind::Report> audit{this, "audit",
                             "JSON: items per task and template, what was refused and why"};
  Metric asked{this, "items", "questions", "Questions made"};
  Metric held_out{this, "held_out_items", "questions", "Questions of documents that are held out"};

  Result<void> run(StageContext& ctx) override {
    if (*min_documents > *max_documents) {
      return invalid_argument("min_documents (" + std::to_string(*min_documents) +
                                  ") is greater than max_documents (" +
                                  std::to_string(*max_documents) + ")",
                              "raise max_documents");
    }
    CAIRN_ASSIGN(const auto all, text::read_documents(documents.path()));
    if (ctx.cancelled()) return stage_cancelled();
    CAIRN_ASSIGN(const Synthesis made, make(all, ctx.seed()));
    CAIRN_TRY(text::write_qa(qa.path(), made.records));
    const json::object summary = made.audit.to_json(made.records, wanted());
    CAIRN_TRY(real_file_system().write_atomic(audit.path(), pretty_json(summary)));
    asked.record(ctx, 0, static_cast<double>(summary.at("items").to_number<std::int64_t>()));
    held_out.record(ctx, 0,
                    static_cast<double>(summary.at("held_out_items").to_number<std::int64_t>()));
    ctx.progress(made.records.size(), made.records.size(), "items");
    return {};
  }

 protected:
  [[nodiscard]] virtual Result<Synthesis> make(const std::vector<text::Document>& all,
                                               std::uint64_t seed) const = 0;
  [[nodiscard]] Wanted wanted() const { return {*items, *held_out_items, *min_share}; }
  [[nodiscard]] ContextLimits context() const {
    return {*min_documents, *max_documents, max_context->count};
  }
};

// The one way to play a role that needs no model.
Choices rules() {
  return Choices{{"rules"}};
}

// Stages that ask for facts of records.
struct FactStage : SynthesisStage {
  Param<double> max_fact_share{
      this, "max_fact_share", 0.5,
      "Answers that hold for more than this share of a relation's records are left out",
      Range{0, 1}};
  Param<std::int64_t> max_answer{this, "max_answer", 40, "Longest answer in bytes", AtLeast{1}};
};

struct Multihop : FactStage {
  Param<std::string> extractor{this, "extractor", "rules", "Who finds the facts", rules()};
  Param<std::string> proposer{this, "proposer", "rules", "Who words the questions", rules()};
  Param<std::int64_t> max_hops{this, "max_hops", 2, "Most documents on a path", Range{2, 4}};
  Param<double> single_share{this, "single_share", 0.25,
                             "Share of items about two facts of one document", Range{0, 0.5}};
  Param<double> obfuscate_share{
      this, "obfuscate_share", 0.15,
      "Share of cross-document items that describe their first entity in place of its name",
      Range{0, 1}};
  Param<std::int64_t> variants{this, "variants", 3, "Most questions about one path", AtLeast{1}};

  Result<Synthesis> make(const std::vector<text::Document>& all,
                         std::uint64_t seed) const override {
    MultihopOptions options;
    options.wanted = wanted();
    options.context = context();
    options.paths = {*max_hops, *max_answer, *max_fact_share};
    options.variants = *variants;
    options.single_share = *single_share;
    options.obfuscate_share = *obfuscate_share;
    options.seed = seed;
    return make_multihop(all, options);
  }
};

struct Numerical : SynthesisStage {
  Param<std::string> extractor{this, "extractor", "rules", "Who reads the tables", rules()};
  Param<std::string> proposer{this, "proposer", "rules", "Who words the questions", rules()};
  Param<std::vector<std::string>> templates{this, "templates", question_templates(),
                                            "Kinds of questions, each asked about equally often",
                                            Choices{question_templates()}};
  Param<std::int64_t> max_sum{this, "max_sum", 20, "Largest sum that is asked for", AtLeast{0}};
  Param<std::int64_t> variants{this, "variants", 2, "Most questions about one query", AtLeast{1}};

  Result<Synthesis> make(const std::vector<text::Document>& all,
                         std::uint64_t seed) const override {
    NumericalOptions options;
    options.wanted = wanted();
    options.context = context();
    options.templates = *templates;
    options.variants = *variants;
    options.max_sum = *max_sum;
    options.seed = seed;
    return make_numerical(all, options);
  }
};

struct General : FactStage {
  Param<std::string> proposer{this, "proposer", "rules", "Who asks", rules()};
  Param<std::string> solver{this, "solver", "rules", "Who answers from the prompt", rules()};
  Param<std::string> verifier{this, "verifier", "rules", "Who compares the two", rules()};
  Param<std::vector<std::string>> tasks{this, "tasks", general_tasks(),
                                        "Tasks, each with an equal share of the items",
                                        Choices{general_tasks()}};
  Param<double> planted_wrong{this, "planted_wrong", 0.05,
                              "Share of proposed pairs given a wrong answer, to test the verifier",
                              Range{0, 1}};
  Param<std::int64_t> history{this, "history", 3, "Verified questions that the proposer is shown",
                              Range{0, 100}};

  Result<Synthesis> make(const std::vector<text::Document>& all,
                         std::uint64_t seed) const override {
    GeneralOptions options;
    options.wanted = wanted();
    options.context = context();
    options.tasks = *tasks;
    options.planted_wrong = *planted_wrong;
    options.history = *history;
    options.max_fact_share = *max_fact_share;
    options.max_answer_bytes = *max_answer;
    options.seed = seed;
    return make_general(all, options);
  }
};

Result<void> prepare(SelfTest& test) {
  test.param("items", 8).param("held_out_items", 4);
  return test.records("documents", sample_documents());
}

}  // namespace
}  // namespace cairn::synthesis

CAIRN_PLUGIN(
    cairn::stage_type<cairn::synthesis::Multihop>("synthesis.multihop",
                                                  "Asks across documents along a knowledge graph")
        .random()
        .self_test(cairn::synthesis::prepare),
    cairn::stage_type<cairn::synthesis::Numerical>(
        "synthesis.numerical", "Asks for numbers in tables and computes them with SQL")
        .random()
        .self_test(cairn::synthesis::prepare),
    cairn::stage_type<cairn::synthesis::General>(
        "synthesis.general", "Proposes, solves and verifies questions in rounds that get harder")
        .random()
        .self_test(cairn::synthesis::prepare))
