#include "core/cli/stop_signals.h"

#include <csignal>
#include <ostream>

#include "core/server/on_strand.h"

namespace cairn {

StopSignals::StopSignals(EngineProcess& engine, std::function<void(int count)> on_signal)
    : engine_(engine),
      on_signal_(std::move(on_signal)),
      signals_(engine.scheduler().strand(), SIGINT, SIGTERM) {
  await();
}

StopSignals::~StopSignals() {
  on_strand(engine_.scheduler(), [this] {
    boost::system::error_code ignored;
    return signals_.cancel(ignored);
  });
}

void StopSignals::await() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    on_signal_(++count_);
    if (count_ == 1) {
      engine_.control().close();
      engine_.scheduler().interrupt_all();
    } else {
      engine_.scheduler().kill_all();
    }
    await();
  });
}

void say_stopping(const Cli& cli) {
  if (cli.options.quiet) return;
  *cli.err << "stopping: every stage saves a checkpoint (again to end them at once)" << std::endl;
}

}  // namespace cairn
