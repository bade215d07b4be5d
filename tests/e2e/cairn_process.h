// A `cairn` command as a test runs it: the built program, a state folder of its own, and the means
// to kill it and its hosts.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"

namespace cairn::e2e {

// A variable of the environment for the processes started meanwhile.
class Setting {
 public:
  Setting(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Setting() { ::unsetenv(name_); }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

 private:
  const char* name_;
};

using Words = std::vector<std::string>;

struct Finished {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;
  std::string out;
  std::string err;
};

// A folder that is removed at the end; inside, the state folder of the commands.
class Place {
 public:
  Place();
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] const fs::path& folder() const { return folder_; }
  [[nodiscard]] fs::path state() const { return folder_ / "state"; }
  // Writes a file below the folder and returns its path.
  fs::path write(const std::string& name, const std::string& text) const;

  // `cairn ARGS` with --state-dir and the built plugins; the tests' plugins too.
  [[nodiscard]] Finished run(const std::vector<std::string>& arguments) const;
  // The parsed standard output of `cairn ARGS -o json`, an empty object when that is no JSON.
  [[nodiscard]] json::value run_json(std::vector<std::string> arguments) const;

  // Live cairn-host processes of this place, in the order of their ids.
  [[nodiscard]] std::vector<pid_t> hosts() const;

 private:
  fs::path folder_;
};

// Live cairn-host processes of a state folder, in the order of their ids.
[[nodiscard]] std::vector<pid_t> hosts_below(const fs::path& folder);

// A command that runs beside the test.
class Running {
 public:
  Running(const Place& place, const std::vector<std::string>& arguments);
  ~Running();  // kills what still runs
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  [[nodiscard]] bool ended();
  [[nodiscard]] std::string out() const;  // so far
  [[nodiscard]] std::string err() const;
  Finished wait();

 private:
  fs::path out_;
  fs::path err_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool reaped_ = false;
};

// Asks again every few milliseconds until the answer is yes; false after `limit`.
[[nodiscard]] bool wait_until(const std::function<bool()>& holds,
                              std::chrono::milliseconds limit = std::chrono::seconds(120));
// The first line of what it prints; empty where it ends without one.
[[nodiscard]] std::string await_line(Running& process);
// A pause of random length, for a kill at a moment that nobody chose.
void pass(std::chrono::milliseconds time);

// "STAGE/OUTPUT" to digest, of a `get` document.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> digests(const json::value& run);
[[nodiscard]] std::string status_of(const json::value& run);

}  // namespace cairn::e2e
