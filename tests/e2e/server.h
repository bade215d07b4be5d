// `cairn serve` beside a test, and workflows that wait for it.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {

class Server {
 public:
  // Ready when it returns.
  explicit Server(const Place& place, std::vector<std::string> options = {})
      : running_(place, with_serve(std::move(options))) {
    EXPECT_TRUE(wait_until([&] {
      return running_.ended() || place.run({"pause", "nobody"}).exit_code == kNotFound;
    }));
    EXPECT_FALSE(running_.ended()) << running_.err();
  }
  [[nodiscard]] Running& process() { return running_; }
  Finished stop(int signal = SIGTERM) {
    running_.signal(signal);
    return running_.wait();
  }

 private:
  // Only a server answers so; without one it is 5.
  static constexpr int kNotFound = 4;
  static std::vector<std::string> with_serve(std::vector<std::string> options) {
    options.insert(options.begin(), {"serve", "--http", "localhost:0"});
    return options;
  }
  Running running_;
};

// A folder of gates (tests/plugins/probe.cpp) and the stages that wait at them.
class Gates {
 public:
  explicit Gates(const Place& place) : folder_(place.folder() / "gates") {
    fs::create_directories(folder_);
  }
  [[nodiscard]] std::string path(const std::string& name = "") const {
    return name.empty() ? folder_.string() : (folder_ / name).string();
  }
  void open(const std::string& name) const { std::ofstream(folder_ / name).flush(); }
  [[nodiscard]] bool reached(int step) const {
    return wait_until([&] { return fs::exists(folder_ / ("reached-" + std::to_string(step))); });
  }

 private:
  fs::path folder_;
};

inline const json::object& stage_of(const json::value& run, std::size_t index) {
  return run.as_object().at("stages").as_array().at(index).as_object();
}
inline std::string stage_status(const json::value& run, std::size_t index) {
  return std::string(stage_of(run, index).at("status").as_string());
}
inline bool becomes(const Place& place, const std::string& run, const std::string& status) {
  return wait_until([&] { return status_of(place.run_json({"get", run})) == status; });
}
inline void expect_done(const Finished& finished) {
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
}
// The first line of what a command printed.
inline std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}
inline std::vector<json::object> json_lines(const std::string& text) {
  std::vector<json::object> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) break;
    boost::system::error_code error;
    const json::value value = json::parse(text.substr(at, end - at), error);
    EXPECT_FALSE(error) << text.substr(at, end - at);
    if (!error) lines.push_back(value.as_object());
    at = end + 1;
  }
  return lines;
}

inline constexpr const char* kHelloWorkflow = R"(cairn: 1
name: hello
stages:
  greet: {uses: shell, with: {run: "echo hello > t", outputs: {text: t}}}
  shout:
    uses: shell
    inputs: {text: greet.text}
    with: {run: "tr a-z A-Z < $CAIRN_INPUT_TEXT > t", outputs: {loud: t}}
)";

// Six steps, a checkpoint every second, each at a gate; `every` is a parameter that no result
// depends on but through the key.
inline std::string walk_workflow(const Gates& gates) {
  return R"(cairn: 1
name: walk
params:
  steps: {type: int, default: 6}
  pause: {type: duration, default: 5s}
stages:
  walk: {uses: probe.count, with: {steps: "${params.steps}", gates: ")" +
         gates.path() + R"("}}
  copy:
    uses: shell
    inputs: {text: walk.total}
    with: {run: "cp $CAIRN_INPUT_TEXT t", outputs: {text: t}}
)";
}

}  // namespace cairn::e2e
