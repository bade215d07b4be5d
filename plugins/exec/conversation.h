// Conversation: one program from its start to its end. What it says becomes calls of the context,
// and what the context answers is told to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/subprocess.h"
#include "core/sdk/context.h"
#include "plugins/exec/protocol.h"
#include "plugins/lib/command/command.h"

namespace cairn::exec {

// Of the stage's thread. Destroying it ends the program.
class Conversation {
 public:
  // grace: what the program is given after the message `cancel`, before SIGTERM, and again between
  // that and SIGKILL.
  Conversation(StageContext& ctx, Duration grace) : ctx_(ctx), grace_(grace) {}

  // Until the program has ended. An error says why the attempt fails.
  [[nodiscard]] Result<void> hold(const ProcessSpec& spec, const std::string& start);

 private:
  [[nodiscard]] Result<void> talk();
  // The next message; nullopt: the program has ended and there is none.
  [[nodiscard]] Result<std::optional<ProgramMessage>> next();
  [[nodiscard]] Result<void> take(const ProgramMessage& message);
  [[nodiscard]] Result<void> take(const SaveCheckpoint& checkpoint);
  [[nodiscard]] Result<void> take(const Memo& memo);
  // The value that the program makes for its own question.
  [[nodiscard]] Result<json::value> await_value(const std::string& key);
  [[nodiscard]] Result<void> tell(const std::string& line);
  [[nodiscard]] bool time_to_end();
  [[nodiscard]] Result<void> verdict(const Result<void>& talked);
  [[nodiscard]] Error failed(const ProcessEnd& end) const;
  void at_hand(std::int64_t number, std::string_view line);
  // About the line at hand.
  [[nodiscard]] Error bad(const std::string& what) const;

  StageContext& ctx_;
  const Duration grace_;
  LineReader lines_;
  std::int64_t number_ = 0;  // of the line at hand
  std::string line_;
  command::Tail tail_;
  std::optional<std::string> reason_;
  std::optional<std::int64_t> saved_;
  std::optional<std::string> question_;  // key that the program will store a value for
  bool left_open_ = false;               // it ended before it did
  bool ended_ = false;                   // all it said is in lines_
  bool broken_ = false;                  // whatever it says is not listened to any more
  std::optional<Duration> cancelled_at_;
  std::size_t most_unread_ = 0;
  std::unique_ptr<RunningProcess> process_;  // its hooks use what stands above
};

}  // namespace cairn::exec
