// The lines that the stage `exec` and its program exchange (docs/exec.md), as plain functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"
#include "core/sdk/context.h"

namespace cairn::exec {

inline constexpr int kProtocol = 1;
// Longest line of a program, without its line end. Lines to the program have no limit.
inline constexpr std::size_t kMaxLine = 1 << 20;

// What a program may say.
struct Progress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string unit;
};
struct Metric {
  std::string name;
  std::int64_t step = 0;
  double value = 0;
  bool runtime = false;
};
struct LogMessage {
  LogLevel level = LogLevel::kInfo;
  std::string message;
};
struct SaveCheckpoint {
  std::int64_t step = 0;
  json::value state;                  // null: none
  std::optional<std::string> folder;  // as the program wrote it
};
struct Memo {
  std::string key;
  std::optional<json::value> value;  // absent: a question
};
struct Reason {
  std::string message;  // why the program will fail
};
using ProgramMessage = std::variant<Progress, Metric, LogMessage, SaveCheckpoint, Memo, Reason>;

// One line, without its line end. The error says what was expected and repeats nothing of the text,
// which may hold a secret.
[[nodiscard]] Result<ProgramMessage> parse_message(std::string_view line);

// What is wrong with which line. text: the line without secrets; it is shown shortened.
[[nodiscard]] Error bad_line(std::int64_t number, const std::string& what, std::string_view text);

// Makes lines of bytes that come in pieces.
class LineReader {
 public:
  void add(std::string_view bytes);
  // The next complete line, valid until the next call of a member; nullopt: none yet. An error when
  // it is longer than kMaxLine.
  [[nodiscard]] Result<std::optional<std::string_view>> next();
  // Of the line that next() gave or refused last; 0: none yet.
  [[nodiscard]] std::int64_t number() const { return number_; }
  // What stands behind the last line end.
  [[nodiscard]] std::string_view rest() const { return std::string_view(bytes_).substr(begin_); }

 private:
  std::string bytes_;
  std::size_t begin_ = 0;     // of the next line
  std::size_t searched_ = 0;  // no line end from begin_ up to here
  std::int64_t number_ = 0;
};

// What a program is told.
struct Start {
  struct Resume {
    std::int64_t step = 0;
    json::value state;
    std::optional<fs::path> folder;
  };
  json::object params;
  std::map<std::string, std::vector<fs::path>> inputs;
  std::map<std::string, fs::path> outputs;
  fs::path temp_dir;
  fs::path work_dir;
  std::uint64_t seed = 0;
  int attempt = 1;
  StageResources resources;
  std::optional<Resume> checkpoint;
};
// Each with its line end.
[[nodiscard]] std::string start_line(const Start& start);
[[nodiscard]] std::string saved_line(std::int64_t step);
[[nodiscard]] std::string memo_line(const std::string& key,
                                    const std::optional<json::value>& value);
[[nodiscard]] std::string cancel_line();

}  // namespace cairn::exec
