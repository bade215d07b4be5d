#include "plugins/synthesis/proposer.h"

#include <algorithm>
#include <array>
#include <set>

namespace cairn::synthesis {
namespace {

constexpr std::size_t kChoices = 4;
constexpr std::array kSpeakers = {"Ana", "Ben", "Cleo", "Dan"};

// K the relation, S the subject, P the speaker.
const std::vector<const char*>& wordings(const std::string& task) {
  static const std::vector<const char*> kPlain = {"What is the K of S?", "Tell the K of S.",
                                                  "For S, what is the K?"};
  static const std::vector<const char*> kSpoken = {"What did P say the K of S is?",
                                                   "According to P, what is the K of S?"};
  return task == "dialogue" ? kSpoken : kPlain;
}

std::string fill(const char* words, const std::string& relation, const std::string& subject,
                 const std::string& speaker) {
  std::string text;
  for (const char* c = words; *c != '\0'; ++c) {
    const bool alone = c[1] == ' ' || c[1] == '?' || c[1] == '.' || c[1] == ',';
    if (alone && *c == 'K')
      text += relation;
    else if (alone && *c == 'S')
      text += subject;
    else if (alone && *c == 'P')
      text += speaker;
    else
      text += *c;
  }
  return text;
}

// One thing that a speaker says.
struct Claim {
  std::string speaker;
  std::string relation;
  std::string subject;
  std::string object;
  std::string asker;  // who asked for it; empty where nobody did
};

std::string transcript(const std::vector<Claim>& claims) {
  std::string text;
  for (const Claim& claim : claims) {
    if (!text.empty()) text += '\n';
    if (claim.asker.empty()) {
      text += claim.speaker + ": The " + claim.relation + " of " + claim.subject + " is " +
              claim.object + ".";
    } else {
      text += claim.asker + ": What is the " + claim.relation + " of " + claim.subject + "?\n" +
              claim.speaker + ": It is " + claim.object + ".";
    }
  }
  return text;
}

}  // namespace

Objects collect_objects(const std::vector<const Record*>& records) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> sets;
  for (const Record* record : records)
    for (const Fact& fact : record->facts)
      sets[{record->type, relation_cluster(fact.relation)}].insert(fact.object);
  Objects objects;
  for (auto& [key, set] : sets) objects[key].assign(set.begin(), set.end());
  return objects;
}

bool Proposer::may_ask(const Record& record, const Fact& fact) const {
  return &fact != &record.facts.front() &&
         static_cast<std::int64_t>(fact.object.size()) <= options_.max_answer_bytes &&
         entity_cluster(fact.object) != entity_cluster(record.subject) &&
         (counts_.count(record, fact) <= 2 ||
          counts_.share(record, fact) <= options_.max_fact_share);
}

// Other objects of the relation that a reader would not take for the right one, in a drawn order.
std::vector<std::string> Proposer::others(const Target& target, RandomStream& random) const {
  constexpr std::size_t kDraws = 40;
  const auto found = objects_.find({target.record->type, relation_cluster(target.fact->relation)});
  std::vector<std::string> drawn;
  std::set<std::string> seen{entity_cluster(target.fact->object)};
  for (std::size_t i = 0; found != objects_.end() && i < kDraws && drawn.size() < kChoices; ++i) {
    const std::string& object = found->second[random.below(found->second.size())];
    if (static_cast<std::int64_t>(object.size()) <= options_.max_answer_bytes &&
        seen.insert(entity_cluster(object)).second)
      drawn.push_back(object);
  }
  return drawn;
}

std::optional<Proposer::Target> Proposer::choose(const std::vector<const Record*>& cluster,
                                                 const History& history,
                                                 RandomStream& random) const {
  std::vector<std::pair<int, Target>> targets;
  for (const Record* record : cluster) {
    for (const Fact& fact : record->facts) {
      if (!may_ask(*record, fact)) continue;
      int repeated = 0;
      bool same = false;
      for (const HistoryEntry& entry : history) {
        const bool subject = entry.subject == record->subject;
        const bool relation = entry.relation == fact.relation;
        same = same || (subject && relation);
        repeated += (subject ? 1 : 0) + (relation ? 2 : 0);
      }
      if (!same) targets.push_back({repeated, {record, &fact}});
    }
  }
  if (targets.empty()) return std::nullopt;
  random.shuffle(targets);
  return std::ranges::min_element(targets, {}, [](const auto& each) { return each.first; })->second;
}

void Proposer::add_context(Proposal& proposal, const Target& target,
                           const std::vector<const Record*>& cluster) const {
  proposal.documents = {context_document(*target.record->document, true)};
  proposal.sources = {target.record->document->id};
  const std::int64_t wanted = std::min(options_.context.min_documents + proposal.difficulty,
                                       options_.context.max_documents);
  const std::string answer = fold(target.fact->object);
  const std::string subject = fold(target.record->subject);
  for (const Record* record : cluster) {
    if (static_cast<std::int64_t>(proposal.documents.size()) >= wanted) break;
    if (record == target.record || mentions(record->folded, answer) ||
        mentions(record->folded, subject))
      continue;
    proposal.documents.push_back(context_document(*record->document, false));
    if (context_bytes(proposal.documents) > options_.context.max_bytes)
      proposal.documents.pop_back();
  }
}

bool Proposer::add_choices(Proposal& proposal, const Target& target,
                           const std::vector<const Record*>& cluster, RandomStream& random) const {
  // Values that stand in the context come first: else the answer would be the one that does.
  std::vector<std::string> wrong;
  std::set<std::string> seen{entity_cluster(target.fact->object)};
  const auto take = [&](const std::string& object) {
    if (static_cast<std::int64_t>(object.size()) <= options_.max_answer_bytes &&
        seen.insert(entity_cluster(object)).second)
      wrong.push_back(object);
  };
  for (const Record* record : cluster) {
    const Fact* fact = find_fact(*record, target.fact->relation);
    if (fact != nullptr && record->type == target.record->type &&
        std::ranges::any_of(proposal.documents,
                            [&](const auto& each) { return each.id == record->document->id; }))
      take(fact->object);
  }
  for (const std::string& object : others(target, random)) take(object);
  if (wrong.size() + 1 < kChoices) return false;
  wrong.resize(kChoices - 1);
  proposal.choices = std::move(wrong);
  proposal.choices.push_back(target.fact->object);
  random.shuffle(proposal.choices);
  const auto at = std::ranges::find(proposal.choices, target.fact->object);
  const auto right = static_cast<std::size_t>(at - proposal.choices.begin());
  const std::size_t other = (right + 1 + random.below(kChoices - 1)) % kChoices;
  proposal.answer = std::string(1, static_cast<char>('A' + right));
  proposal.wrong = std::string(1, static_cast<char>('A' + other));
  return true;
}

bool Proposer::add_transcript(Proposal& proposal, const Target& target,
                              const std::vector<const Record*>& cluster,
                              RandomStream& random) const {
  const auto speaker = [&](const std::string& not_this) {
    std::string name;
    do {
      name = kSpeakers[random.below(kSpeakers.size())];
    } while (name == not_this);
    return name;
  };
  const auto claim = [&](const Record& record, const Fact& fact) {
    Claim made{speaker(""), fact.relation, record.subject, fact.object, ""};
    if (random.below(3) == 0) made.asker = speaker(made.speaker);
    return made;
  };
  std::vector<Claim> claims{claim(*target.record, *target.fact)};
  const Claim asked = claims.front();
  std::set<std::string> sources{target.record->document->id};
  // The hardest transcripts hold a second speaker's other claim about the same thing.
  if (proposal.difficulty >= 2) {
    Claim disputed = asked;
    disputed.speaker = speaker(asked.speaker);
    disputed.object = proposal.wrong;
    disputed.asker.clear();
    claims.push_back(disputed);
  }
  std::vector<Target> further;
  for (const Record* record : cluster)
    for (const Fact& fact : record->facts)
      if (&fact != target.fact && may_ask(*record, fact)) further.push_back({record, &fact});
  random.shuffle(further);
  const auto wanted = static_cast<std::size_t>(2 + proposal.difficulty);
  for (const Target& each : further) {
    if (claims.size() >= wanted) break;
    claims.push_back(claim(*each.record, *each.fact));
    sources.insert(each.record->document->id);
  }
  if (claims.size() < 2) return false;
  random.shuffle(claims);
  proposal.question =
      fill(proposal.entry.wording.c_str(), asked.relation, asked.subject, asked.speaker);
  proposal.documents = {{"", "Conversation", transcript(claims), true}};
  proposal.sources.assign(sources.begin(), sources.end());
  return true;
}

std::optional<Proposal> Proposer::propose(const std::string& task,
                                          const std::vector<const Record*>& cluster,
                                          const History& history, RandomStream& random,
                                          std::string* why) const {
  const auto target = choose(cluster, history, random);
  if (!target) {
    *why = "nothing more to ask in the cluster";
    return std::nullopt;
  }
  Proposal proposal;
  proposal.difficulty = static_cast<std::int64_t>(history.size());
  const auto& words = wordings(task);
  std::vector<std::size_t> fresh;
  for (std::size_t i = 0; i < words.size(); ++i)
    if (std::ranges::none_of(history, [&](const auto& each) { return each.wording == words[i]; }))
      fresh.push_back(i);
  const std::size_t which =
      fresh.empty() ? random.below(words.size()) : fresh[random.below(fresh.size())];
  proposal.entry = {words[which], target->fact->relation, target->record->subject};
  proposal.question = fill(words[which], target->fact->relation, target->record->subject, "");
  proposal.answer = target->fact->object;
  const auto wrong = others(*target, random);
  if (wrong.empty()) {
    *why = "no other value to tell the answer from";
    return std::nullopt;
  }
  proposal.wrong = wrong.front();
  if (task == "dialogue") {
    if (!add_transcript(proposal, *target, cluster, random)) {
      *why = "too few facts for a conversation";
      return std::nullopt;
    }
  } else {
    add_context(proposal, *target, cluster);
    if (task == "multiple_choice" && !add_choices(proposal, *target, cluster, random)) {
      *why = "too few values for choices";
      return std::nullopt;
    }
  }
  if (context_bytes(proposal.documents) > options_.context.max_bytes) {
    *why = "evidence too long for the context";
    return std::nullopt;
  }
  return proposal;
}

}  // namespace cairn::synthesis
