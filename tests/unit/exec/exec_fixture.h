// The stage `exec` in a test: programs as text, outputs as text.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "core/sdk/testing/stage_harness.h"

namespace cairn::testing {

class ExecFixture : public ::testing::Test {
 protected:
  ExecFixture() : harness_(stage_of(CAIRN_BINARY_DIR "/plugins/exec.so", "exec")) {}

  fs::path file(const std::string& name, const std::string& text) {
    const fs::path path = harness_.folder() / name;
    std::ofstream(path) << text;
    return path;
  }
  // The program is sh; `say JSON` and `hear` (into $heard) are its end of the channel.
  void sh(const std::string& script) {
    const std::string helpers =
        "say() { printf '%s\\n' \"$*\" >&$CAIRN_EXEC_WRITE_FD; }; "
        "hear() { read -r heard <&$CAIRN_EXEC_READ_FD; }; ";
    harness_.param("command", json::array{"sh", "-c", helpers + script});
  }
  void python(const std::string& script) {
    harness_.param("command", json::array{"python3", "program.py"})
        .param("files", json::array{file("program.py", script).string()});
  }
  void output(const std::string& name, const std::string& kind = "file") {
    outputs_[name] = kind;
    harness_.param("outputs", outputs_).expect_output(name);
  }
  std::string read(const std::string& output) const {
    return real_file_system().read(harness_.output(output)).value_or("");
  }
  std::string printed() const {
    return real_file_system()
        .read(harness_.output("x").parent_path().parent_path() / "output.log")
        .value_or("");
  }
  static std::string message_of(const HarnessRun& run) {
    return run.failure ? run.failure->message : "success";
  }
  std::string outcome() { return message_of(harness_.run()); }

  StageHarness harness_;

 private:
  json::object outputs_;
};

}  // namespace cairn::testing
