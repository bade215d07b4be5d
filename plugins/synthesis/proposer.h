// The proposer: asks about a cluster of records, harder and differently with every question that
// was verified (RECIPE §2, "General QA").
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "plugins/synthesis/item.h"
#include "plugins/synthesis/paths.h"

namespace cairn::synthesis {

// What the proposer remembers of a verified question.
struct HistoryEntry {
  std::string wording;
  std::string relation;
  std::string subject;
};
using History = std::deque<HistoryEntry>;

// A question with what the proposer believes to be its answer.
struct Proposal {
  HistoryEntry entry;
  std::int64_t difficulty = 0;  // how many verified questions it was to outdo
  std::string question;
  std::string answer;
  std::string wrong;  // an answer of the same kind that is not right
  std::vector<std::string> choices;
  std::vector<text::ContextDocument> documents;
  std::vector<std::string> sources;  // ids of the documents whose facts are used
};

// Objects of each relation, to draw wrong choices from.
using Objects = std::map<std::pair<std::string, std::string>, std::vector<std::string>>;
[[nodiscard]] Objects collect_objects(const std::vector<const Record*>& records);

struct ProposerOptions {
  ContextLimits context;
  double max_fact_share = 0.5;
  std::int64_t max_answer_bytes = 40;
};

class Proposer {
 public:
  Proposer(const ProposerOptions& options, const FactCounts& counts, const Objects& objects)
      : options_(options), counts_(counts), objects_(objects) {}

  // task: reading, dialogue or multiple_choice. The cluster's documents lie on one side of the
  // partition. Nothing where the cluster holds nothing more to ask, with the reason in *why.
  // Contexts grow with the history; relations, wordings and subjects in it are avoided.
  [[nodiscard]] std::optional<Proposal> propose(const std::string& task,
                                                const std::vector<const Record*>& cluster,
                                                const History& history, RandomStream& random,
                                                std::string* why) const;

 private:
  struct Target {
    const Record* record = nullptr;
    const Fact* fact = nullptr;
  };
  std::optional<Target> choose(const std::vector<const Record*>& cluster, const History& history,
                               RandomStream& random) const;
  void add_context(Proposal& proposal, const Target& target,
                   const std::vector<const Record*>& cluster) const;
  bool add_choices(Proposal& proposal, const Target& target,
                   const std::vector<const Record*>& cluster, RandomStream& random) const;
  bool add_transcript(Proposal& proposal, const Target& target,
                      const std::vector<const Record*>& cluster, RandomStream& random) const;
  [[nodiscard]] bool may_ask(const Record& record, const Fact& fact) const;
  [[nodiscard]] std::vector<std::string> others(const Target& target, RandomStream& random) const;

  const ProposerOptions& options_;
  const FactCounts& counts_;
  const Objects& objects_;
};

}  // namespace cairn::synthesis
