// Transcripts: what commands answer, to the letter, as a text file that people read.
//
//   # why                          for the reader
//   text PATH WORDS                writes a file
//   folder PATH
//   mode PATH OCTAL
//   set NAME VALUE                 a variable of the commands' environment
//   run-id NAME                    the newest run, <NAME> from now on
//   workflow                       flow.yaml: the lines that follow, indented
//   $ cairn WORDS [> /dev/null]    a command; behind it, what it answers:
//   | standard output, ! standard error, = exit code
//   & cairn WORDS                  a command that runs beside the next ones
//   until WORD                     the newest run has this status
//   wait                           the end of that command; behind it, what it answers
//
// <FOLDER> is the test's folder. What differs between runs, builds or machines is given a name,
// too. With CAIRN_UPDATE_GOLDENS set the answers are written anew, to be read before they are
// committed.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {

[[nodiscard]] std::string replaced(std::string text, const std::string& what,
                                   const std::string& with);

class Transcript {
 public:
  explicit Transcript(const Place& place);
  virtual ~Transcript() = default;
  Transcript(const Transcript&) = delete;
  Transcript& operator=(const Transcript&) = delete;

  // Plays the file and compares; a difference fails the test.
  void check(const fs::path& file);

 protected:
  // Asked first, with a line's words; false: it is for the verbs above.
  virtual bool prepare(const std::vector<std::string>& words);
  // Further names for what differs.
  [[nodiscard]] virtual std::string stable(std::string text) const;

  [[nodiscard]] fs::path path(const std::string& name) const;
  void set(const std::string& name, const std::string& value);

 private:
  [[nodiscard]] std::string at_folder(const std::string& text) const;
  void prepare_line(const std::string& line);
  [[nodiscard]] std::vector<std::string> words_of_command(const std::string& line) const;
  [[nodiscard]] std::string answer(const std::string& command) const;
  [[nodiscard]] std::string written(const Finished& done, bool out) const;
  [[nodiscard]] std::string play(const std::string& text);

  const Place& place_;
  std::map<std::string, std::string> runs_;  // <NAME> to its id
  std::list<std::string> names_;             // of the settings, which point to them
  std::list<Setting> settings_;
  std::unique_ptr<Running> beside_;
};

}  // namespace cairn::e2e
