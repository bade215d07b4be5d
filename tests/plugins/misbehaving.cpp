// Stages that break a rule while they run.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>

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
             cairn::stage_type<Exits>("bad.exits", "Calls exit(3)"),
             cairn::stage_type<DereferencesNull>("bad.null", "Writes to address 0"),
             cairn::stage_type<OverflowsTheStack>("bad.stack", "Recurses without end"),
             cairn::stage_type<PrintsBinary>("bad.binary", "Prints every byte there is"),
             cairn::stage_type<WritesNothing>("bad.no_output", "Leaves its output out"),
             cairn::stage_type<NeverEnds>("bad.never_ends", "Never returns"))
