// What SIGINT and SIGTERM mean to a process with an engine: after the first every stage saves a
// checkpoint and stops, a second ends them at once.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <functional>

#include "core/cli/cli.h"
#include "core/server/engine_process.h"

namespace cairn {

class StopSignals {
 public:
  // on_signal: told on the strand how many have come, before the engine hears of it.
  StopSignals(EngineProcess& engine, std::function<void(int count)> on_signal);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  void await();

  EngineProcess& engine_;
  std::function<void(int)> on_signal_;
  boost::asio::signal_set signals_;
  int count_ = 0;
};

// After the first, for people.
void say_stopping(const Cli& cli);

}  // namespace cairn
