// Stages with which tests of the engine see what they want to see.
#include <poll.h>
#include <unistd.h>

#include <ctime>
#include <fstream>

#include "core/base/text.h"
#include "core/sdk/plugin.h"
#include "core/sdk/segmented_log.h"

namespace {

namespace fs = cairn::fs;
namespace json = cairn::json;
using cairn::Result;
using cairn::StageContext;

constexpr int kGatePollMs = 20;

Result<void> write_file(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.flush();
  if (!out) return cairn::io_error("write", path.string(), errno);
  return {};
}

// Waits until one of the files exists or the stage is asked to stop; false for the latter.
bool wait_for_gate(const fs::path& gate, const fs::path& other, const StageContext& ctx) {
  while (!fs::exists(gate) && !fs::exists(other)) {
    if (ctx.cancelled()) return false;
    ::poll(nullptr, 0, kGatePollMs);
  }
  return true;
}

// Walks `steps` random steps from a seed, as a training stage walks: a state that only a
// checkpoint holds, a line of rollouts per step, a metric per step. Same seed and steps, same
// outputs, however often it is killed.
struct Count : cairn::Stage {
  cairn::Param<std::int64_t> steps{this, "steps", 10, "Steps to take", cairn::AtLeast{0}};
  cairn::Param<std::int64_t> every{this, "checkpoint_every", 2, "Steps between checkpoints",
                                   cairn::AtLeast{1}};
  cairn::Param<std::int64_t> fail_at{this, "fail_at", -1, "Step at which it fails; -1: none"};
  cairn::Param<std::string> gates{
      this, "gates", "",
      "Folder: before each step the stage writes reached-STEP there and waits for the file go-STEP "
      "or go"};
  cairn::Param<std::int64_t> payload{this, "payload", 0, "Bytes of text in each rollout line",
                                     cairn::AtLeast{0}};
  cairn::Input<cairn::kind::File> before{this, "before", "Mixed into the result",
                                         cairn::Optional{}};
  cairn::Output<cairn::kind::File> total{this, "total", "The number reached"};
  cairn::Output<cairn::kind::File> rollouts{this, "rollouts", "A line per step"};

  Result<void> run(StageContext& ctx) override {
    std::int64_t step = 0;
    std::uint64_t sum = 0;
    json::value cuts;
    if (before.present()) {
      CAIRN_ASSIGN(const auto id, cairn::identify_content(before.path()));
      sum = cairn::derive_seed(0, id.digest);
    }
    CAIRN_ASSIGN(const auto checkpoint, ctx.latest_checkpoint());
    if (checkpoint) {
      CAIRN_ASSIGN(const std::string text,
                   cairn::real_file_system().read(checkpoint->folder / "state.json"));
      CAIRN_ASSIGN(const json::object state, cairn::parse_json_object(text));
      CAIRN_ASSIGN(sum, cairn::get_uint(state, "sum"));
      cuts = state.at("cuts");
      step = checkpoint->step;
    }
    CAIRN_ASSIGN(auto log, cairn::SegmentedLog::open(ctx, "rollouts", cuts));
    const auto save = [&]() -> Result<void> {
      CAIRN_ASSIGN(const json::value marks, log.cuts());
      return ctx.save_checkpoint(step, [&](const fs::path& folder) {
        return write_file(folder / "state.json",
                          json::serialize(json::object{{"sum", sum}, {"cuts", marks}}));
      });
    };
    while (step < *steps) {
      if (!pass_gate(step, ctx) || ctx.cancelled()) {
        if (step > 0) CAIRN_TRY(save());
        return cairn::stage_cancelled();
      }
      if (step == *fail_at)
        return cairn::invalid_argument("told to fail at step " + std::to_string(step));
      const std::uint64_t drawn =
          ctx.random("count", {static_cast<std::uint64_t>(step)}).below(1000);
      sum += drawn;
      CAIRN_TRY(log.append_line(json::serialize(
          json::object{{"step", step},
                       {"drawn", drawn},
                       {"text", std::string(static_cast<std::size_t>(*payload), 'x')}})));
      ctx.metric("sum", step, static_cast<double>(sum));
      ++step;
      ctx.progress(static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(*steps), "steps");
      if (step % *every == 0 && step < *steps) CAIRN_TRY(save());
    }
    CAIRN_TRY(log.assemble(rollouts.path()));
    return write_file(total.path(), std::to_string(sum) + "\n");
  }

 private:
  [[nodiscard]] bool pass_gate(std::int64_t step, const StageContext& ctx) const {
    if (gates->empty()) return true;
    const fs::path folder = *gates;
    const std::string name = std::to_string(step);
    std::ofstream(folder / ("reached-" + name)).flush();
    return wait_for_gate(folder / ("go-" + name), folder / "go", ctx);
  }
};

// Writes a text; waits for a gate first and fails on demand.
struct Emit : cairn::Stage {
  cairn::Param<std::string> text{this, "text", "hello", "What the output holds"};
  cairn::Param<std::string> gate{this, "gate", "", "File to wait for"};
  cairn::Param<std::string> fail{this, "fail", "", "Fail with this message"};
  cairn::InputList<cairn::kind::File> inputs{this, "inputs", "Appended to the text, in order",
                                             cairn::Optional{}};
  cairn::Output<cairn::kind::File> result{this, "result", "The text"};

  Result<void> run(StageContext& ctx) override {
    if (!gate->empty() && !wait_for_gate(*gate, *gate, ctx)) return cairn::stage_cancelled();
    if (!fail->empty()) return cairn::invalid_argument(*fail);
    std::string content = *text;
    for (const auto& path : inputs.paths()) {
      CAIRN_ASSIGN(const std::string more, cairn::real_file_system().read(path));
      content += more;
    }
    return write_file(result.path(), content);
  }
};

// Uses processor time.
struct Burn : cairn::Stage {
  cairn::Param<std::int64_t> ms{this, "ms", 10, "Milliseconds", cairn::AtLeast{0}};
  Result<void> run(StageContext&) override {
    const auto used = [] {
      timespec time{};
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
      return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
    };
    for (const std::int64_t end = used() + *ms * 1'000'000; used() < end;) {
    }
    return {};
  }
};

// Appends the time at which it runs to a file, in nanoseconds of the machine's monotonic clock.
struct Stamp : cairn::Stage {
  cairn::Param<std::string> file{this, "file", cairn::Required{}, "Where the time goes"};
  Result<void> run(StageContext&) override {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    std::ofstream(*file, std::ios::app)
        << static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec << '\n';
    return {};
  }
};

// Asks an expensive question: appends a line to a file each time it is really asked.
struct Ask : cairn::Stage {
  cairn::Param<std::string> asked{this, "asked", cairn::Required{}, "File that counts the calls"};
  cairn::Param<bool> fail_after{this, "fail_after", false, "Fail once the answer is known"};
  cairn::Output<cairn::kind::File> answer{this, "answer", "The answer"};

  Result<void> run(StageContext& ctx) override {
    CAIRN_ASSIGN(const json::value value, ctx.memo("question", [&]() -> Result<json::value> {
      std::ofstream(*asked, std::ios::app) << "asked\n";
      return json::value(0.1 + 0.2);
    }));
    if (*fail_after) return cairn::invalid_argument("told to fail after the answer");
    return write_file(answer.path(), json::serialize(value));
  }
};

// Notices changes of its environment that break exact resume, and logs all of it.
struct Environment : cairn::Stage {
  cairn::Output<cairn::kind::File> result{this, "result", "Threads and devices"};
  Result<void> run(StageContext& ctx) override {
    const auto get = [](const char* name) {
      const char* value = std::getenv(name);
      return std::string(value == nullptr ? "unset" : value);
    };
    for (char** entry = environ; *entry != nullptr; ++entry) ctx.info(*entry);
    return write_file(result.path(), get("OMP_NUM_THREADS") + " " + get("OPENBLAS_NUM_THREADS") +
                                         " " + std::to_string(ctx.resources().cpus) + " '" +
                                         get("CUDA_VISIBLE_DEVICES") + "'\n");
  }
};

}  // namespace

CAIRN_PLUGIN(cairn::stage_type<Count>("probe.count", "Random walk with checkpoints").random(),
             cairn::stage_type<Emit>("probe.emit", "Writes a text"),
             cairn::stage_type<Burn>("probe.burn", "Uses processor time"),
             cairn::stage_type<Stamp>("probe.stamp", "Appends the time to a file"),
             cairn::stage_type<Ask>("probe.ask", "Asks an expensive question once"),
             cairn::stage_type<Environment>("probe.environment",
                                            "Writes what it sees of the machine"))
