// Records as the synthesis stages make them: documents of `Key: value` lines, questions from a few
// templates, five tasks.
#pragma once

#include <string>
#include <vector>

#include "core/base/random.h"
#include "plugins/lib/text/records.h"

namespace cairn::testing {

inline text::ContextDocument package_document(int i, bool evidence) {
  static const std::vector<std::string> kSections = {"admin", "devel", "libs", "net", "science"};
  RandomStream draws(7, "package", {static_cast<std::uint64_t>(i)});
  const std::string name = "pkg" + std::to_string(i);
  std::string text = "Package: " + name + "\n";
  text += "Section: " + kSections[draws.below(kSections.size())] + "\n";
  text += "Maintainer: person" + std::to_string(draws.below(5000)) + "\n";
  text += "Installed-Size: " + std::to_string(100 + draws.below(90000)) + "\n";
  return {"debian/" + name, name, text, evidence};
}

inline std::string value_of(const text::ContextDocument& document, const std::string& key) {
  const std::size_t begin = document.text.find(key + ": ") + key.size() + 2;
  return document.text.substr(begin, document.text.find('\n', begin) - begin);
}

// A lookup of `key` in package i, which stands second of three documents.
inline text::QaRecord lookup(int i, const std::string& task, const std::string& key) {
  text::QaRecord record;
  record.id = task + "-" + key + "-" + std::to_string(i);
  record.task = task;
  record.question_type = "multi-fact";
  record.domain = i % 2 == 0 ? "general" : "professional";
  record.question = "What is the " + key + " of pkg" + std::to_string(i) + "?";
  record.documents = {package_document(i + 10000, false), package_document(i, true),
                      package_document(i + 20000, false)};
  record.answer = {value_of(record.documents[1], key)};
  record.format_instruction = "End with: The answer is X";
  record.provenance["template"] = "lookup-" + key;
  record.seed = static_cast<std::uint64_t>(i);
  return record;
}

inline text::QaRecord choice(int i) {
  text::QaRecord record = lookup(i, "multiple_choice", "Section");
  record.provenance["template"] = "choice-Section";
  record.choices = {"admin", "devel", "libs", "net", "science"};
  for (std::size_t c = 0; c < record.choices.size(); ++c) {
    if (record.choices[c] == record.answer[0]) {
      record.answer = {std::string(1, static_cast<char>('A' + c))};
      break;
    }
  }
  return record;
}

// Five tasks, `count` packages each, of different packages.
inline std::vector<text::QaRecord> package_records(int count) {
  std::vector<text::QaRecord> records;
  for (int i = 0; i < count; ++i) {
    records.push_back(lookup(5 * i, "reading", "Maintainer"));
    records.push_back(lookup(5 * i + 1, "multihop", "Section"));
    records.push_back(lookup(5 * i + 2, "numerical", "Installed-Size"));
    records.push_back(lookup(5 * i + 3, "dialogue", "Maintainer"));
    records.push_back(choice(5 * i + 4));
  }
  return records;
}

}  // namespace cairn::testing
