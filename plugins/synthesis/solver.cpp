#include "plugins/synthesis/solver.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace cairn::synthesis {
namespace {

using Tokens = std::vector<std::string>;

// Runs between blanks, in lower case, without the punctuation that ends a clause.
Tokens tokens_of(std::string_view text) {
  Tokens tokens;
  std::string token;
  const auto end_token = [&] {
    while (!token.empty() &&
           std::string_view(".,?!:;").find(token.back()) != std::string_view::npos)
      token.pop_back();
    if (!token.empty()) tokens.push_back(token);
    token.clear();
  };
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0)
      end_token();
    else
      token += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  end_token();
  return tokens;
}

bool contains(const Tokens& text, const Tokens& phrase) {
  return !phrase.empty() &&
         std::search(text.begin(), text.end(), phrase.begin(), phrase.end()) != text.end();
}

struct Line {
  std::string_view section;  // title above it, without brackets
  std::string_view label;    // before the first ": ", empty where there is none
  std::string_view rest;
};

struct Exam {
  std::vector<Line> lines;
  std::string_view question;
  std::vector<std::pair<std::string_view, std::string_view>> choices;  // letter, text
};

Exam read(std::string_view prompt) {
  Exam exam;
  std::string_view section;
  while (!prompt.empty()) {
    const std::size_t end = std::min(prompt.find('\n'), prompt.size());
    const std::string_view line = prompt.substr(0, end);
    prompt.remove_prefix(std::min(end + 1, prompt.size()));
    if (line.starts_with("Q: ")) {
      exam.question = line.substr(3);
      exam.choices.clear();
    } else if (!exam.question.empty() && line.size() > 4 && line[0] == '(' && line[2] == ')') {
      exam.choices.emplace_back(line.substr(1, 1), line.substr(4));
    } else if (line.size() > 2 && line.front() == '[' && line.back() == ']') {
      section = line.substr(1, line.size() - 2);
    } else if (exam.question.empty()) {
      const std::size_t colon = line.find(": ");
      if (colon != std::string_view::npos)
        exam.lines.push_back({section, line.substr(0, colon), line.substr(colon + 2)});
    }
  }
  return exam;
}

// The best of what was seen; nothing once two equally good ones differ.
class Best {
 public:
  void see(std::pair<std::size_t, std::size_t> score, std::string_view value) {
    if (score < score_) return;
    if (score == score_ && found_ && value != value_) {
      tied_ = true;
      return;
    }
    if (score > score_ || !found_) tied_ = false;
    score_ = score;
    value_ = value;
    found_ = true;
  }
  [[nodiscard]] bool found() const { return found_; }
  [[nodiscard]] std::optional<std::string_view> value() const {
    return found_ && !tied_ ? std::optional(value_) : std::nullopt;
  }

 private:
  std::pair<std::size_t, std::size_t> score_{0, 0};
  std::string_view value_;
  bool found_ = false;
  bool tied_ = false;
};

// A record's line fits when the question names both its section and its label; longer names fit
// better, so that "letter a" never stands for "letter a with grave".
Best look_up(const Exam& exam, const Tokens& question) {
  Best best;
  for (const Line& line : exam.lines) {
    const Tokens title = tokens_of(line.section);
    const Tokens label = tokens_of(line.label);
    if (contains(question, title) && contains(question, label))
      best.see({line.section.size(), line.label.size()}, line.rest);
  }
  return best;
}

// What is claimed at the end of a sentence: "... is X." gives X.
std::string_view claimed(std::string_view sentence) {
  const std::size_t is = sentence.rfind(" is ");
  if (is == std::string_view::npos) return {};
  std::string_view value = sentence.substr(is + 4);
  if (value.ends_with('.')) value.remove_suffix(1);
  return value;
}

// A speaker's line fits the better, the more words it shares with the question; an answer "It is
// X." also has the words of the line before it, to which it replies.
Best listen(const Exam& exam, const Tokens& question) {
  Best best;
  for (std::size_t i = 0; i < exam.lines.size(); ++i) {
    const Line& line = exam.lines[i];
    if (!contains(question, tokens_of(line.label))) continue;
    const std::string_view value = claimed(line.rest);
    if (value.empty()) continue;
    Tokens words = tokens_of(line.rest.substr(0, line.rest.size() - value.size()));
    if (line.rest.starts_with("It is ") && i > 0)
      for (auto& word : tokens_of(exam.lines[i - 1].rest)) words.push_back(std::move(word));
    std::size_t shared = 0;
    for (const auto& word : question)
      if (std::ranges::find(words, word) != words.end()) shared += word.size();
    best.see({shared, 0}, value);
  }
  return best;
}

}  // namespace

std::optional<std::string> solve(std::string_view prompt) {
  const Exam exam = read(prompt);
  const Tokens question = tokens_of(exam.question);
  Best best = look_up(exam, question);
  if (!best.found()) best = listen(exam, question);
  const auto value = best.value();
  if (!value) return std::nullopt;
  if (exam.choices.empty()) return std::string(*value);
  for (const auto& [letter, text] : exam.choices)
    if (tokens_of(text) == tokens_of(*value)) return std::string(letter);
  return std::nullopt;
}

}  // namespace cairn::synthesis
