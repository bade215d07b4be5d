// `cairn-model serve` beside a test, with a small model whose words it has learned.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/fd.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "tests/unit/http/client.h"

namespace cairn::model {

using Words = std::vector<std::string>;

// The fixtures' dense model with a tokenizer as large as its vocabulary; gone with the object.
class SmallModel {
 public:
  // positions: its window; 0: as in the fixture.
  explicit SmallModel(std::int64_t positions = 0);
  ~SmallModel();
  SmallModel(const SmallModel&) = delete;
  SmallModel& operator=(const SmallModel&) = delete;

  [[nodiscard]] fs::path folder() const { return folder_ / "small"; }
  // A file beside it, for its owner alone.
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const;

 private:
  fs::path folder_;
};

struct Ended {
  int exit_code = -1;  // -1: a signal ended it
  std::string out;
  std::string err;
};

// `cairn-model ARGUMENTS` to its end, with `input` on standard input.
[[nodiscard]] Ended run_cairn_model(const Words& arguments, const std::string& input = {});

class ServedProcess {
 public:
  // Ready when it returns.
  explicit ServedProcess(const SmallModel& model, Words options = {});
  ~ServedProcess();  // kills what still runs
  ServedProcess(const ServedProcess&) = delete;
  ServedProcess& operator=(const ServedProcess&) = delete;

  [[nodiscard]] const json::object& ready() const { return ready_; }
  [[nodiscard]] std::uint16_t port() const;
  void signal(int number) const;
  [[nodiscard]] int wait();  // exit code; -1 when a signal ended it

  // On a connection of its own. The body has "model" already.
  [[nodiscard]] http::Reply post(const std::string& path, json::object body) const;
  [[nodiscard]] json::object chat(const std::string& text, json::object more) const;
  [[nodiscard]] json::object complete(json::object body) const;

 private:
  pid_t pid_ = -1;
  Fd out_;
  json::object ready_;
};

// The events of a streamed answer, without "[DONE]", which must be the last.
[[nodiscard]] std::vector<json::object> events_of(const std::string& body);

}  // namespace cairn::model
