// Plugins that are broken on purpose, one way each: broken/NAME.txt says what is put where, which
// commands are given and, to the letter, what they answer. Afterwards the same state folder serves
// a good workflow, `doctor` finds nothing, and no process is left.
//
//   # why                          for the reader
//   library NAME [as PATH]         copies a test's library, to plugins/NAME.so where left out
//   text PATH WORDS                writes a file
//   cut PATH BYTES                 keeps the beginning of a file
//   patch PATH OFFSET HEX          overwrites bytes
//   mode PATH OCTAL
//   set NAME VALUE                 a variable of the commands' environment
//   workflow                       flow.yaml: the lines that follow, indented
//   $ cairn WORDS [> /dev/null]    a command; behind it, what it answers:
//   | standard output, ! standard error, = exit code
//
// <FOLDER> is the test's folder. What differs between runs, builds or machines is given a name,
// too: see `stable`. With CAIRN_UPDATE_GOLDENS=1 the answers are written anew, to be read before
// they are committed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <list>
#include <regex>
#include <sstream>

#include "core/base/text.h"
#include "core/sdk/plugin.h"
#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {
namespace {

const fs::path kCases = fs::path(CAIRN_SOURCE_DIR) / "tests/e2e/broken";

// A host without LibTorch has no version of it to compare.
constexpr bool kComparesTorch = std::string_view(CAIRN_VERSION_OF_TORCH) != "none";

constexpr const char* kGood = R"(cairn: 1
name: good
stages:
  greet: {uses: shell, with: {run: "echo hello > t", outputs: {text: t}}}
  walk: {uses: probe.count, with: {steps: 3}, after: [greet]}
)";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

class BrokenPlugin : public testing::TestWithParam<std::string> {
 protected:
  BrokenPlugin() { set("XDG_CACHE_HOME", (place_.folder() / "cache").string()); }

  void set(const std::string& name, const std::string& value) {
    settings_.emplace_back(names_.emplace_back(name).c_str(), value);
  }

  [[nodiscard]] std::string at_folder(const std::string& text) const {
    return replaced(text, "<FOLDER>", place_.folder().string());
  }
  [[nodiscard]] fs::path path(const std::string& name) const { return place_.folder() / name; }

  // True where the line asked for something to be prepared.
  void prepare(const std::string& line) {
    const auto words = words_of(at_folder(line));
    const std::string& verb = words.at(0);
    if (verb == "library") {
      const fs::path to = path(words.size() > 3 ? words[3] : "plugins/" + words.at(1) + ".so");
      fs::create_directories(to.parent_path());
      fs::copy_file(fs::path(CAIRN_TEST_PLUGINS) / (words.at(1) + ".so"), to);
      broken_.push_back(to);
    } else if (verb == "text") {
      broken_.push_back(place_.write(words.at(1), line.substr(line.find(words.at(2)))));
    } else if (verb == "cut") {
      fs::resize_file(path(words.at(1)), std::stoul(words.at(2)));
    } else if (verb == "patch") {
      std::fstream file(path(words.at(1)), std::ios::binary | std::ios::in | std::ios::out);
      file.seekp(std::stol(words.at(2)));
      file.put(static_cast<char>(std::stoi(words.at(3), nullptr, 16)));
    } else if (verb == "mode") {
      fs::permissions(path(words.at(1)),
                      static_cast<fs::perms>(std::stoi(words.at(2), nullptr, 8)));
    } else if (verb == "set") {
      set(words.at(1), words.at(2));
    } else if (verb != "workflow") {
      FAIL() << "no such line: " << line;
    }
  }

  [[nodiscard]] std::string stable(std::string text) const {
    text = replaced(std::move(text), place_.folder().string(), "<FOLDER>");
    text = replaced(std::move(text), CAIRN_COMPILER, "<COMPILER>");
    text = replaced(std::move(text), CAIRN_STDLIB, "<STDLIB>");
    text = replaced(std::move(text), BOOST_LIB_VERSION, "<BOOST>");
    if (kComparesTorch) text = replaced(std::move(text), CAIRN_VERSION_OF_TORCH, "<TORCH>");
    static const std::pair<std::regex, const char*> kVaries[] = {
        {std::regex("\\b1[0-9a-hjkmnp-tv-z]{12}\\b"), "<RUN>"},
        {std::regex("\\b[0-9]+(\\.[0-9])?s\\b"), "<TIME>"},
        {std::regex("\\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"), "<DATE>"},
        {std::regex("took [0-9.]+ [MG]iB"), "took <SIZE>"},
        {std::regex(" {2,}"), "  "},
        {std::regex(" +\n"), "\n"},
    };
    for (const auto& [pattern, name] : kVaries) text = std::regex_replace(text, pattern, name);
    return text;
  }

  static std::string marked(const std::string& mark, const std::string& text) {
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

  [[nodiscard]] std::string answer(const std::string& command) const {
    auto words = words_of(at_folder(command));
    words.erase(words.begin(), words.begin() + 2);
    const bool to_null = words.back() == "/dev/null";
    if (to_null) words.resize(words.size() - 2);
    const Finished done = place_.run(words);
    EXPECT_EQ(done.signal, 0);
    return marked("|", to_null ? "" : stable(done.out)) + marked("!", stable(done.err)) + "= " +
           std::to_string(done.exit_code) + "\n";
  }

  // The whole file as it should be.
  std::string play(const std::string& text) {
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
      } else if (!line.empty() && !line.starts_with("#")) {
        prepare(line);
      }
    }
    return result;
  }

  Place place_;
  std::vector<fs::path> broken_;

 private:
  std::list<std::string> names_;  // of the settings, which point to them
  std::list<Setting> settings_;
};

TEST_P(BrokenPlugin, SaysWhatIsWrongAndHarmsNothing) {
  const fs::path file = kCases / (GetParam() + ".txt");
  const std::string text = real_file_system().read(file).value();
  const std::string played = play(text);
  if (std::getenv("CAIRN_UPDATE_GOLDENS") != nullptr) {
    std::ofstream(file, std::ios::binary) << played;
  } else {
    EXPECT_EQ(played, text);
  }

  // The broken library is still there.
  const auto good = place_.run_json({"run", "-q", place_.write("good.yaml", kGood).string()});
  EXPECT_EQ(status_of(good), "succeeded");
  for (const fs::path& path : broken_) fs::remove(path);
  const Finished doctor = place_.run({"doctor"});
  EXPECT_EQ(doctor.exit_code, 0) << doctor.out;
  EXPECT_TRUE(wait_until([&] { return place_.hosts().empty(); })) << "a process is left";
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kCases)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".txt" && (kComparesTorch || name != "wrong_torch"))
      names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Broken, BrokenPlugin, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace cairn::e2e
