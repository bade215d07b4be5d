#include "plugins/synthesis/record.h"

#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "plugins/lib/text/partition.h"

namespace cairn::synthesis {
namespace {

bool is_word(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || u >= 0x80;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr std::size_t kMaxKeyBytes = 40;

}  // namespace

std::string fold(std::string_view text) {
  std::string folded(text);
  std::transform(folded.begin(), folded.end(), folded.begin(), lower);
  return folded;
}

bool mentions(std::string_view folded_text, std::string_view folded_phrase) {
  if (folded_phrase.empty()) return false;
  for (std::size_t at = folded_text.find(folded_phrase); at != std::string_view::npos;
       at = folded_text.find(folded_phrase, at + 1)) {
    const std::size_t after = at + folded_phrase.size();
    const bool starts = at == 0 || !is_word(folded_text[at - 1]) || !is_word(folded_phrase.front());
    const bool ends = after == folded_text.size() || !is_word(folded_text[after]) ||
                      !is_word(folded_phrase.back());
    if (starts && ends) return true;
  }
  return false;
}

std::string relation_cluster(std::string_view key) {
  std::string cluster;
  for (const char c : key)
    if (is_word(c)) cluster.push_back(lower(c));
  if (cluster.size() > 3 && cluster.back() == 's' && cluster[cluster.size() - 2] != 's')
    cluster.pop_back();
  return cluster;
}

std::string entity_cluster(std::string_view name) {
  const std::string_view bare = trim(name.substr(0, name.find(" (")));
  std::string cluster;
  bool space = false;
  for (const char c : bare) {
    if (c == ' ' || c == '\t') {
      space = true;
      continue;
    }
    if (space) cluster.push_back(' ');
    space = false;
    cluster.push_back(lower(c));
  }
  return cluster;
}

std::optional<Record> parse_record(const text::Document& document) {
  Record record;
  record.document = &document;
  std::set<std::string> keys;
  const std::string_view all = document.text;
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = std::min(all.find('\n', begin), all.size());
    const std::string_view line = all.substr(begin, end - begin);
    if (!trim(line).empty()) {
      const std::size_t colon = line.find(": ");
      if (colon == std::string_view::npos || colon > kMaxKeyBytes) return std::nullopt;
      Fact fact{std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 2))),
                begin, end};
      const std::string cluster = relation_cluster(fact.relation);
      if (cluster.empty() || fact.object.empty() || !keys.insert(cluster).second)
        return std::nullopt;
      record.facts.push_back(std::move(fact));
    }
    begin = end + 1;
  }
  if (record.facts.size() < 2) return std::nullopt;
  record.type = record.facts.front().relation;
  record.subject = record.facts.front().object;
  record.folded = fold(document.title + "\n" + document.text);
  record.held_out = text::held_out(document.id);
  return record;
}

std::vector<Record> parse_records(const std::vector<text::Document>& documents) {
  std::vector<Record> records;
  for (const auto& document : documents)
    if (auto record = parse_record(document)) records.push_back(std::move(*record));
  return records;
}

}  // namespace cairn::synthesis
