// Stages that break a rule while they run.
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/sdk/plugin.h"

namespace {

using cairn::Result;
using cairn::StageContext;

struct Throws : cairn::Stage {
  Result<void> run(StageContext&) override { throw std::runtime_error("the dog ate it"); }
};

struct ThrowsOddly : cairn::Stage {
  Result<void> run(StageContext&) override { throw 42; }
};

struct OutOfMemory : cairn::Stage {
  Result<void> run(StageContext&) override { throw std::bad_alloc(); }
};

struct Exits : cairn::Stage {
  Result<void> run(StageContext&) override { std::exit(3); }
};

struct ThrowsItsOwn : cairn::Stage {
  struct Ball {
    std::string colour = "red";
  };
  Result<void> run(StageContext&) override { throw Ball(); }
};

struct ExitsAsIfDone : cairn::Stage {
  Result<void> run(StageContext&) override { std::exit(0); }
};

struct Aborts : cairn::Stage {
  Result<void> run(StageContext&) override { std::abort(); }
};

struct TerminatesInAThread : cairn::Stage {
  Result<void> run(StageContext&) override {
    std::thread([] { std::terminate(); }).join();
    return {};
  }
};

struct Leaks : cairn::Stage {
  cairn::Param<std::int64_t> bytes{this, "bytes", 10'000'000'000, "To take in all"};
  Result<void> run(StageContext& ctx) override {
    constexpr std::int64_t kPiece = 1 << 20;
    for (std::int64_t taken = 0; taken < *bytes && !ctx.cancelled(); taken += kPiece) {
      auto* piece = static_cast<volatile char*>(std::malloc(kPiece));
      for (std::int64_t at = 0; at < kPiece; at += 4096) piece[at] = 1;
      // As fast as a careless loop fills memory, not as fast as the machine can.
      ::poll(nullptr, 0, 1);
    }
    return {};
  }
};

struct GoesBack : cairn::Stage {
  Result<void> run(StageContext& ctx) override {
    for (const std::uint64_t done : {1, 7, 3, 2, 7}) ctx.progress(done, 10, "steps");
    return cairn::invalid_argument("stopped at 7, having said 3 and 2");
  }
};

// A million points, as fast as they can be said.
struct FloodsMetrics : cairn::Stage {
  Result<void> run(StageContext& ctx) override {
    for (std::int64_t step = 0; step < 1'000'000; ++step)
      ctx.metric("flood", step, static_cast<double>(step));
    return {};
  }
};

struct SaysNan : cairn::Stage {
  Result<void> run(StageContext& ctx) override {
    ctx.metric("loss", 0, 0.5);
    ctx.metric("loss", 1, std::numeric_limits<double>::quiet_NaN());
    ctx.metric("limit", 0, std::numeric_limits<double>::infinity());
    return {};
  }
};

// Text that is none, wherever text may stand.
struct SaysBytes : cairn::Stage {
  Result<void> run(StageContext& ctx) override {
    ctx.info("log \xff\xfe of bytes");
    ctx.metric("metric \xc3\x28", 0, 1);
    ctx.progress(1, 2, "unit \xa0\xa1");
    return cairn::invalid_argument("message \xf0\x28\x8c\x28 of bytes");
  }
};

// Leaves children behind: one in its session, one in a session of its own.
struct Forks : cairn::Stage {
  Result<void> run(StageContext&) override {
    for (const bool leaves : {false, true}) {
      if (::fork() != 0) continue;
      if (leaves) ::setsid();
      for (;;) ::pause();
    }
    return {};
  }
};

struct DereferencesNull : cairn::Stage {
  Result<void> run(StageContext&) override {
    volatile int* nowhere = nullptr;
    *nowhere = 1;
    return {};
  }
};

struct OverflowsTheStack : cairn::Stage {
  // Ends for the compiler, not for the stack.
  static int descend(volatile const int& end, int depth) {
    volatile char frame[4096];
    frame[depth % 4096] = static_cast<char>(depth);
    if (depth == end) return 0;
    return descend(end, depth + 1) + frame[depth % 4096];
  }
  Result<void> run(StageContext&) override {
    const volatile int end = -1;
    return descend(end, 0) == 0 ? Result<void>() : cairn::internal_error("it came back");
  }
};

struct PrintsBinary : cairn::Stage {
  Result<void> run(StageContext& ctx) override {
    for (int byte = 0; byte < 256; ++byte) std::putchar(byte);
    ctx.info("\xff\xfe not text");
    return cairn::invalid_argument("printed what it liked");
  }
};

struct WritesNothing : cairn::Stage {
  cairn::Output<cairn::kind::File> result{this, "result", "Never written"};
  Result<void> run(StageContext&) override { return {}; }
};

// A table whose last row is cut in two, as a full disk leaves it when nobody looks.
struct WritesShort : cairn::Stage {
  cairn::Output<cairn::kind::Table> rows{this, "rows", "Two rows, the second cut short"};
  Result<void> run(StageContext&) override {
    std::FILE* file = std::fopen(rows.path().c_str(), "w");
    if (file == nullptr) return cairn::io_error("create", rows.path(), errno);
    std::fputs("{\"id\":\"a\"}\n{\"id\":\"b", file);
    std::fclose(file);
    return {};
  }
};

// Deaf to cancellation, ended only by a signal.
struct NeverEnds : cairn::Stage {
  Result<void> run(StageContext&) override {
    for (;;) ::pause();
  }
};

}  // namespace

CAIRN_PLUGIN(cairn::stage_type<Throws>("bad.throws", "Throws an exception"),
             cairn::stage_type<ThrowsOddly>("bad.throws_oddly", "Throws an int"),
             cairn::stage_type<OutOfMemory>("bad.oom", "Throws std::bad_alloc"),
             cairn::stage_type<ThrowsItsOwn>("bad.throws_its_own", "Throws a type of its own"),
             cairn::stage_type<Exits>("bad.exits", "Calls exit(3)"),
             cairn::stage_type<ExitsAsIfDone>("bad.exits_0", "Calls exit(0)"),
             cairn::stage_type<Aborts>("bad.aborts", "Calls abort()"),
             cairn::stage_type<TerminatesInAThread>("bad.terminates", "std::terminate in a thread"),
             cairn::stage_type<Leaks>("bad.leaks", "Takes memory and gives none back"),
             cairn::stage_type<GoesBack>("bad.goes_back", "Reports progress backwards"),
             cairn::stage_type<FloodsMetrics>("bad.floods", "Reports a million metrics"),
             cairn::stage_type<SaysNan>("bad.nan", "Reports metrics that are no numbers"),
             cairn::stage_type<SaysBytes>("bad.bytes", "Says text that is no UTF-8"),
             cairn::stage_type<Forks>("bad.forks", "Leaves children behind"),
             cairn::stage_type<DereferencesNull>("bad.null", "Writes to address 0"),
             cairn::stage_type<OverflowsTheStack>("bad.stack", "Recurses without end"),
             cairn::stage_type<PrintsBinary>("bad.binary", "Prints every byte there is"),
             cairn::stage_type<WritesShort>("bad.short_output", "Cuts its output short"),
             cairn::stage_type<WritesNothing>("bad.no_output", "Leaves its output out"),
             cairn::stage_type<NeverEnds>("bad.never_ends", "Never returns"))
