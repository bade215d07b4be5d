#include "tests/bench/peer.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace cairn::bench {

Peer::Peer(const std::vector<std::string>& command) {
  std::array<int, 2> requests{};
  std::array<int, 2> answers{};
  if (::pipe(requests.data()) != 0 || ::pipe(answers.data()) != 0) return;
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a peer that ended is no answer, not our end
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(requests[0], STDIN_FILENO);
    ::dup2(answers[1], STDOUT_FILENO);
    for (const int end : {requests[0], requests[1], answers[0], answers[1]}) ::close(end);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  ::close(requests[0]);
  ::close(answers[1]);
  to_ = ::fdopen(requests[1], "w");
  from_ = ::fdopen(answers[0], "r");
}

Peer::~Peer() {
  if (to_ != nullptr) std::fclose(to_);
  if (from_ != nullptr) std::fclose(from_);
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
}

std::optional<json::object> Peer::ask(const json::value& request) {
  if (to_ == nullptr || from_ == nullptr) return std::nullopt;
  const std::string line = json::serialize(request) + "\n";
  if (std::fputs(line.c_str(), to_) < 0 || std::fflush(to_) != 0) return std::nullopt;
  std::string answer;
  for (int c = std::fgetc(from_); c != EOF && c != '\n'; c = std::fgetc(from_)) {
    answer.push_back(static_cast<char>(c));
  }
  auto object = parse_json_object(answer);
  if (!object.ok()) return std::nullopt;
  return std::move(object).value();
}

}  // namespace cairn::bench
