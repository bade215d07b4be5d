#include "tests/e2e/transcript.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include "core/base/text.h"

namespace cairn::e2e {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::string marked(const std::string& mark, const std::string& text) {
  std::string lines;
  for (std::string_view line : split(text, '\n')) {
    lines += mark;
    if (!line.empty()) lines.append(" ").append(line);
    lines += '\n';
  }
  // What ends with a line end has no empty line behind it.
  if (text.empty() || text.ends_with('\n')) lines.erase(lines.size() - mark.size() - 1);
  return lines;
}

}  // namespace

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

Transcript::Transcript(const Place& place) : place_(place) {
  set("XDG_CACHE_HOME", (place_.folder() / "cache").string());
}

void Transcript::set(const std::string& name, const std::string& value) {
  settings_.emplace_back(names_.emplace_back(name).c_str(), value);
}

std::string Transcript::at_folder(const std::string& text) const {
  std::string result = replaced(text, "<FOLDER>", place_.folder().string());
  for (const auto& [name, id] : runs_) result = replaced(std::move(result), name, id);
  return result;
}

fs::path Transcript::path(const std::string& name) const {
  return place_.folder() / name;
}

bool Transcript::prepare(const std::vector<std::string>&) {
  return false;
}

void Transcript::prepare_line(const std::string& line) {
  const auto words = words_of(at_folder(line));
  const std::string& verb = words.at(0);
  if (verb == "workflow" || prepare(words)) return;
  if (verb == "text") {
    place_.write(words.at(1), line.substr(line.find(words.at(2))));
  } else if (verb == "folder") {
    fs::create_directories(path(words.at(1)));
  } else if (verb == "mode") {
    fs::permissions(path(words.at(1)), static_cast<fs::perms>(std::stoi(words.at(2), nullptr, 8)));
  } else if (verb == "set") {
    set(words.at(1), words.at(2));
  } else if (verb == "until") {
    EXPECT_TRUE(wait_until([&] {
      return place_.run({"list"}).out.find(" " + words.at(1) + " ") != std::string::npos;
    })) << "no run is "
        << words.at(1);
  } else if (verb == "run-id") {
    const std::string listed = place_.run({"list", "-o", "name"}).out;
    runs_["<" + words.at(1) + ">"] = listed.substr(0, listed.find('\n'));
  } else {
    FAIL() << "no such line: " << line;
  }
}

std::string Transcript::stable(std::string text) const {
  text = replaced(std::move(text), place_.folder().string(), "<FOLDER>");
  for (const auto& [name, id] : runs_) text = replaced(std::move(text), id, name);
  static const std::pair<std::regex, const char*> kVaries[] = {
      {std::regex("\\b1[0-9a-hjkmnp-tv-z]{12}\\b"), "<RUN>"},
      {std::regex("\\b[0-9]+(\\.[0-9])?s\\b"), "<TIME>"},
      {std::regex("\\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"), "<DATE>"},
      {std::regex("took [0-9.]+ [MG]iB"), "took <SIZE>"},
      {std::regex("\\b[0-9]+ ms\\b"), "<TIME>"},
      {std::regex(" {2,}"), "  "},
      {std::regex(" +\n"), "\n"},
  };
  for (const auto& [pattern, name] : kVaries) text = std::regex_replace(text, pattern, name);
  return text;
}

std::vector<std::string> Transcript::words_of_command(const std::string& line) const {
  auto words = words_of(at_folder(line));
  words.erase(words.begin(), words.begin() + 2);
  return words;
}

std::string Transcript::answer(const std::string& command) const {
  auto words = words_of_command(command);
  const bool to_null = words.back() == "/dev/null";
  if (to_null) words.resize(words.size() - 2);
  return written(place_.run(words), !to_null);
}

std::string Transcript::written(const Finished& done, bool out) const {
  EXPECT_EQ(done.signal, 0);
  return marked("|", out ? stable(done.out) : "") + marked("!", stable(done.err)) + "= " +
         std::to_string(done.exit_code) + "\n";
}

// The whole file as it should be.
std::string Transcript::play(const std::string& text) {
  std::string result;
  std::string workflow;
  bool within = false;  // the workflow
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("|") || line.starts_with("!") || line.starts_with("=")) continue;
    result += line + "\n";
    within = (within && line.starts_with("  ")) || line == "workflow";
    if (within) {
      if (line.starts_with("  ")) workflow += at_folder(line.substr(2)) + "\n";
      place_.write("flow.yaml", workflow);
    } else if (line.starts_with("$ ")) {
      result += answer(line);
    } else if (line.starts_with("& ")) {
      beside_ = std::make_unique<Running>(place_, words_of_command(line));
    } else if (line == "wait" && beside_) {
      result += written(beside_->wait(), true);
      beside_.reset();
    } else if (!line.empty() && !line.starts_with("#")) {
      prepare_line(line);
    }
  }
  return result;
}

void Transcript::check(const fs::path& file) {
  const std::string text = real_file_system().read(file).value();
  const std::string played = play(text);
  if (std::getenv("CAIRN_UPDATE_GOLDENS") != nullptr) {
    std::ofstream(file, std::ios::binary) << played;
  } else {
    EXPECT_EQ(played, text);
  }
}

}  // namespace cairn::e2e
