#include "plugins/sft/drills.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <set>

namespace cairn::sft {
namespace {

std::string text_of(const Sheet& sheet) {
  std::string text;
  for (const Field& field : sheet.fields) {
    text += (text.empty() ? "" : "\n") + field.key + ": " + field.value;
  }
  return text;
}

std::string random_word(RandomStream& draw) {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view kBoth = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  const std::string_view alphabet = std::array{kDigits, kLetters, kBoth}[draw.below(3)];
  std::string word;
  for (std::uint64_t left = 1 + draw.below(6); left > 0; --left) {
    word += alphabet[draw.below(alphabet.size())];
  }
  return word;
}

struct Turn {
  std::string question;
  std::string answer;
};

// Lookups in the sheets, drawn without repetition. The line that only repeats the subject is not
// asked for.
std::vector<Turn> lookups(const std::vector<Sheet>& sheets, std::int64_t count,
                          RandomStream& draw) {
  std::vector<Turn> turns;
  for (const Sheet& sheet : sheets) {
    for (const Field& field : sheet.fields) {
      if (field.value == sheet.subject) continue;
      turns.push_back({"What is the " + field.key + " of " + sheet.subject + "?",
                       text::answer_sentence(field.value)});
    }
  }
  draw.shuffle(turns);
  if (std::ssize(turns) > count) turns.resize(static_cast<std::size_t>(count));
  return turns;
}

}  // namespace

std::vector<Sheet> sheets_of(const text::QaRecord& record) {
  std::vector<Sheet> sheets;
  for (const text::ContextDocument& document : record.documents) {
    Sheet sheet{document.title, {}};
    std::set<std::string> keys;
    bool all = true;
    for (const auto part : std::views::split(document.text, '\n')) {
      const std::string line(part.begin(), part.end());
      const std::size_t colon = line.find(": ");
      if (line.empty()) continue;
      all = all && colon != std::string::npos && keys.insert(line.substr(0, colon)).second;
      if (!all) break;
      sheet.fields.push_back({line.substr(0, colon), line.substr(colon + 2)});
    }
    if (all && !sheet.fields.empty()) sheets.push_back(std::move(sheet));
  }
  return sheets;
}

std::vector<Sheet> substituted(std::vector<Sheet> sheets, RandomStream& draw) {
  for (Sheet& sheet : sheets) {
    const std::string subject = random_word(draw) + random_word(draw);
    for (Field& field : sheet.fields) {
      field.value = field.value == sheet.subject ? subject : random_word(draw);
    }
    sheet.subject = subject;
  }
  return sheets;
}

Result<std::int64_t> add_drills(const std::vector<text::QaRecord>& records,
                                const model::Tokenizer& tokenizer, std::int64_t turns,
                                RandomStream draw, ExampleSet& set) {
  std::int64_t added = 0;
  for (Example& example : set.training) {
    for (const Turn& turn : lookups(sheets_of(records[example.record]), turns, draw)) {
      CAIRN_TRY(example.append_turn(tokenizer, turn.question, turn.answer));
      ++added;
    }
  }
  return added;
}

Result<std::int64_t> add_substituted(const std::vector<text::QaRecord>& records,
                                     const model::Tokenizer& tokenizer, double share,
                                     std::int64_t turns, std::int64_t max_input, RandomStream draw,
                                     ExampleSet& set) {
  std::int64_t added = 0;
  for (const std::size_t index : draw_training_records(records.size(), share, set, draw)) {
    const std::vector<Sheet> sheets = substituted(sheets_of(records[index]), draw);
    if (sheets.empty()) continue;
    text::QaRecord record;
    for (const Sheet& sheet : sheets) {
      record.documents.push_back({{}, sheet.subject, text_of(sheet), true});
    }
    const Sheet& repeated = sheets[draw.below(sheets.size())];
    record.question = "What is known of " + repeated.subject + "?";
    Example example;
    example.record = index;
    CAIRN_TRY(example.append_turn(tokenizer, text::render_prompt(record), text_of(repeated)));
    if (example.prompt_size() > max_input) continue;
    for (const Turn& turn : lookups(sheets, turns, draw)) {
      CAIRN_TRY(example.append_turn(tokenizer, turn.question, turn.answer));
    }
    set.training.push_back(std::move(example));
    ++added;
  }
  return added;
}

Result<void> add_repeats(const model::Tokenizer& tokenizer, std::int64_t count, RandomStream draw,
                         ExampleSet& set) {
  std::vector<std::string> pieces;
  for (std::int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string& bytes = tokenizer.bytes(id);
    const bool printable = std::ranges::all_of(bytes, [](char c) { return c >= ' ' && c <= '~'; });
    if (!tokenizer.is_special(id) && printable && !bytes.empty()) pieces.push_back(bytes);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    std::string text;
    for (std::uint64_t left = 8 + draw.below(41); left > 0; --left) {
      text += pieces[draw.below(pieces.size())];
    }
    Example example;
    CAIRN_TRY(example.append_turn(tokenizer, text, text));
    set.training.push_back(std::move(example));
  }
  return {};
}

}  // namespace cairn::sft
