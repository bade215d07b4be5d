#include "plugins/synthesis/general.h"

#include <algorithm>
#include <set>

#include "core/base/digest.h"
#include "plugins/lib/grade/answer.h"
#include "plugins/lib/grade/numeric.h"
#include "plugins/lib/text/partition.h"
#include "plugins/synthesis/proposer.h"
#include "plugins/synthesis/solver.h"

namespace cairn::synthesis {
namespace {

constexpr std::size_t kClusterSize = 5;

bool only_a_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("-+.,%0123456789") == std::string::npos &&
         grade::parse_number(text).has_value();
}

// A transcript's id lies on the side of its sources, so that it splits as they do.
std::string transcript_id(const std::string& content, bool held) {
  for (std::uint64_t salt = 0;; ++salt) {
    const Digest digest = digest_of(content + "\n" + std::to_string(salt));
    std::string id = "dialogue/" + std::string(digest_hex(digest).substr(0, 16));
    if (text::held_out(id) == held) return id;
  }
}

class Rounds {
 public:
  Rounds(const std::vector<Record>& records, const GeneralOptions& options)
      : options_(options),
        proposer_options_{options.context, options.max_fact_share, options.max_answer_bytes} {
    for (const Record& record : records) all_.push_back(&record);
    counts_.emplace(all_);
  }

  Result<Synthesis> make() {
    const auto& tasks = options_.tasks.empty() ? general_tasks() : options_.tasks;
    for (const bool held : {false, true}) {
      start_side(held);
      const std::int64_t wanted = held ? options_.wanted.held_out_items : options_.wanted.items;
      const auto count = static_cast<std::int64_t>(tasks.size());
      for (std::int64_t i = 0; i < count; ++i)
        run_task(tasks[static_cast<std::size_t>(i)], wanted / count + (i < wanted % count ? 1 : 0));
    }
    Audit& audit = result_.audit;
    sort_by_id(result_.records);
    const std::int64_t passed = audit.counted("planted") - audit.counted("planted_rejected");
    if (passed != 0) {
      return internal_error("the verifier accepted " + std::to_string(passed) + " of " +
                            std::to_string(audit.counted("planted")) +
                            " planted wrong answers: its judgement can't be trusted");
    }
    return std::move(result_);
  }

 private:
  void start_side(bool held) {
    held_ = held;
    side_.clear();
    pool_ = {};
    std::map<std::string, std::vector<const Record*>> groups;
    for (const Record* record : all_) {
      if (record->held_out != held) continue;
      side_.push_back(record);
      by_document_[record->document] = record;
      pool_.add({record->document, group(*record), record->folded});
    }
    objects_ = collect_objects(side_);
    result_.audit.count(std::string(held ? "held_out" : "trained") + "/records",
                        static_cast<std::int64_t>(side_.size()));
  }

  static std::string group(const Record& record) {
    return record.document->domain + "/" + record.type;
  }

  // Every record of the side once, drawn, groups of alike records taking turns.
  std::vector<const Record*> anchors(const std::string& task) const {
    std::vector<const Record*> drawn = side_;
    RandomStream(options_.seed, "general/anchors/" + task, {held_}).shuffle(drawn);
    std::map<std::string, std::vector<const Record*>> groups;
    for (const Record* record : drawn) groups[group(*record)].push_back(record);
    std::vector<const Record*> order;
    for (std::size_t turn = 0; order.size() < drawn.size(); ++turn)
      for (const auto& [name, members] : groups)
        if (turn < members.size()) order.push_back(members[turn]);
    return order;
  }

  std::vector<const Record*> cluster(const Record& anchor, RandomStream& random) const {
    std::vector<const Record*> members{&anchor};
    const auto allowed = [&](const Candidate& candidate) {
      return candidate.document != anchor.document &&
             by_document_.at(candidate.document)->subject != anchor.subject;
    };
    for (const Candidate* each : pool_.draw(random, group(anchor), kClusterSize - 1,
                                            options_.context.max_bytes * 4, allowed))
      members.push_back(by_document_.at(each->document));
    return members;
  }

  void run_task(const std::string& task, std::int64_t wanted) {
    const Proposer proposer(proposer_options_, *counts_, objects_);
    const auto order = anchors(task);
    std::int64_t made = 0;
    for (std::size_t i = 0; i < order.size() && made < wanted; ++i) {
      RandomStream random(options_.seed, "general/cluster/" + task, {held_, i});
      const auto members = cluster(*order[i], random);
      History history;
      for (std::int64_t round = 0; round <= options_.history && made < wanted; ++round) {
        std::string why;
        auto proposal = proposer.propose(task, members, history, random, &why);
        if (!proposal) {
          result_.audit.reject(why);
          break;
        }
        const std::uint64_t seed = derive_seed(options_.seed, "general/item/" + task,
                                               {held_, i, static_cast<std::uint64_t>(round)});
        auto record = to_record(task, *proposal, *order[i], round, seed);
        if (!ids_.insert(record.id).second) {
          result_.audit.reject("asked before");
          continue;
        }
        if (!judge(task, *proposal, record, random)) continue;
        history.push_back(proposal->entry);
        while (static_cast<std::int64_t>(history.size()) > options_.history) history.pop_front();
        result_.audit.count("accepted_by_round/" + std::to_string(round));
        result_.records.push_back(std::move(record));
        ++made;
      }
    }
  }

  text::QaRecord to_record(const std::string& task, const Proposal& proposal, const Record& anchor,
                           std::int64_t round, std::uint64_t seed) const {
    text::QaRecord record;
    record.task = task;
    record.question_type = task == "dialogue" ? "dialogue needle-in-a-haystack" : "lookup";
    record.domain = anchor.document->domain;
    record.seed = seed;
    record.question = proposal.question;
    record.choices = proposal.choices;
    record.answer = {proposal.answer};
    record.format_instruction = kFormatInstruction;
    record.documents = proposal.documents;
    for (auto& document : record.documents)
      if (document.id.empty()) document.id = transcript_id(document.text, held_);
    json::array sources;
    for (const auto& id : proposal.sources) sources.emplace_back(id);
    record.provenance = {
        {"template", task + "/" + proposal.entry.wording},
        {"roles", json::object{{"proposer", "rules"}, {"solver", "rules"}, {"verifier", "rules"}}},
        {"relation", proposal.entry.relation},
        {"subject", proposal.entry.subject},
        {"sources", std::move(sources)},
        {"round", round},
        {"difficulty", proposal.difficulty}};
    finish_record(record, task);
    return record;
  }

  // Whether the pair is kept.
  bool judge(const std::string& task, const Proposal& proposal, const text::QaRecord& record,
             RandomStream& random) {
    Audit& audit = result_.audit;
    audit.count("proposed");
    const bool planted = random.uniform() < options_.planted_wrong &&
                         !same_answer(task, proposal.wrong, proposal.answer);
    const std::string& believed = planted ? proposal.wrong : proposal.answer;
    const auto prediction = solve(text::render_prompt(record));
    const bool accepted = prediction && same_answer(task, *prediction, believed);
    if (planted) {
      audit.count("planted");
      if (!accepted) audit.count("planted_rejected");
      return false;
    }
    if (!accepted) audit.reject(prediction ? "solver disagrees" : "solver finds no answer");
    if (accepted) audit.count("accepted");
    return accepted;
  }

  const GeneralOptions& options_;
  ProposerOptions proposer_options_;
  std::vector<const Record*> all_;
  std::optional<FactCounts> counts_;
  bool held_ = false;
  std::vector<const Record*> side_;
  std::map<const text::Document*, const Record*> by_document_;
  DistractorPool pool_;
  Objects objects_;
  std::set<std::string> ids_;
  Synthesis result_;
};

}  // namespace

const std::vector<std::string>& general_tasks() {
  static const std::vector<std::string> kTasks = {"reading", "dialogue", "multiple_choice"};
  return kTasks;
}

bool same_answer(std::string_view task, const std::string& prediction, const std::string& answer) {
  if (task == "multiple_choice") {
    const auto letter = grade::choice_letter(prediction);
    return letter && letter == grade::choice_letter(answer);
  }
  if (only_a_number(prediction) && only_a_number(answer))
    return grade::numbers_equal(prediction, answer, 0);
  const std::string normal = grade::normalise(prediction);
  return !normal.empty() && normal == grade::normalise(answer);
}

Result<Synthesis> make_general(const std::vector<text::Document>& documents,
                               const GeneralOptions& options) {
  const std::vector<Record> records = parse_records(documents);
  CAIRN_ASSIGN(Synthesis result, Rounds(records, options).make());
  CAIRN_TRY(check_enough(result.records, options.wanted, result.audit));
  return result;
}

}  // namespace cairn::synthesis
