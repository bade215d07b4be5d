// Stages that can be loaded and run, and break one promise each: what `cairn plugins check` is for.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "core/sdk/plugin.h"

namespace {

using cairn::Result;
using cairn::StageContext;

struct OneOutput : cairn::Stage {
  cairn::Output<cairn::kind::File> result{this, "result", "What it made"};
  [[nodiscard]] Result<void> write(const std::string& text) const {
    CAIRN_ASSIGN(auto writer, result.create());
    CAIRN_TRY(writer.write(text));
    return writer.close();
  }
};

struct Draws : OneOutput {
  Result<void> run(StageContext& ctx) override {
    return write(std::to_string(ctx.random("number").next()));
  }
};

struct Differs : OneOutput {
  Result<void> run(StageContext&) override { return write(std::to_string(::getpid())); }
};

// Its sum is in no checkpoint.
struct Forgets : OneOutput {
  cairn::Checkpoints checkpoints{this, "steps", "After each step: nothing that matters"};
  Result<void> run(StageContext& ctx) override {
    CAIRN_ASSIGN(const auto last, checkpoints.latest(ctx));
    int sum = 0;
    for (std::int64_t step = last ? last->step + 1 : 1; step <= 3; ++step) {
      ++sum;
      CAIRN_TRY(checkpoints.save(ctx, step, {}));
    }
    return write(std::to_string(sum));
  }
};

// Looks at the request to stop two seconds too late.
struct Deaf : OneOutput {
  Result<void> run(StageContext& ctx) override {
    for (std::uint64_t i = 0; i < 4; ++i) ctx.progress(i, 4, "looks");
    if (ctx.cancelled()) {
      ::poll(nullptr, 0, 2000);
      return cairn::stage_cancelled();
    }
    return write("done");
  }
};

struct Strays : OneOutput {
  Result<void> run(StageContext&) override {
    std::ofstream("left-here") << "x";
    std::ofstream(std::string(std::getenv("HOME")) + "/left-at-home") << "x";
    return write("done");
  }
};

struct Litters : OneOutput {
  Result<void> run(StageContext&) override {
    (void)::open("/dev/null", O_RDONLY);
    std::thread([] { ::poll(nullptr, 0, -1); }).detach();
    return write("done");
  }
};

struct Babbles : OneOutput {
  Result<void> run(StageContext& ctx) override {
    ctx.progress(5, 4, "steps");
    ctx.progress(3, 4, "steps");
    ctx.metric("undeclared", 0, std::nan(""));
    ctx.info("\xff");
    return write("done");
  }
};

struct Crashes : OneOutput {
  Result<void> run(StageContext&) override { std::abort(); }
};

// Without documentation and without a self-test, though it cannot run by itself.
struct Untested : OneOutput {
  cairn::Input<cairn::kind::File> text{this, "text", ""};
  Result<void> run(StageContext&) override { return write("done"); }
};

Result<void> nothing(cairn::SelfTest&) {
  return {};
}

template <typename T>
cairn::StageType type(const char* name, const char* doc) {
  return cairn::stage_type<T>(name, doc).self_test(nothing);
}

}  // namespace

CAIRN_PLUGIN(type<Draws>("careless.draws", "Draws a number and does not say so"),
             type<Differs>("careless.differs", "Makes other bytes each time"),
             type<Forgets>("careless.forgets", "Does not resume where it was"),
             type<Deaf>("careless.deaf", "Takes its time to stop"),
             type<Strays>("careless.strays", "Writes outside of its folders"),
             type<Litters>("careless.litters", "Leaves a file open and a thread running"),
             type<Babbles>("careless.babbles", "Reports what makes no sense"),
             type<Crashes>("careless.crashes", "Crashes"),
             cairn::stage_type<Untested>("careless.untested", ""))
