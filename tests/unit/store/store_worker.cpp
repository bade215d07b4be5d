// Works on a store until it is done or killed (CAIRN_DIE_AT): a process of its own, for RocksDB's
// threads do not survive a fork. Prints each sequence that was acknowledged, at the end what was
// changed outside of every boundary, and "BOUNDARY PASSINGS CHANGES" for each.
#include <cstdio>
#include <cstdlib>

#include "core/base/boundary.h"
#include "core/store/backup.h"
#include "core/store/rocks_store.h"

namespace {

using namespace cairn;

// Big enough for tables to be written in the background, and at closing.
Result<void> work(const fs::path& folder) {
  for (int opening = 0; opening < 2; ++opening) {
    CAIRN_ASSIGN(const std::unique_ptr<RunStore> store, open_rocks_store(folder / "state"));
    for (int i = 0; i < 12; ++i) {
      StoreBatch batch;
      batch.journal = {{"run", "a"}, {"run", std::string(1'500'000, 'b')}};
      batch.summaries = {{"run", "summary"}};
      CAIRN_ASSIGN(const std::uint64_t first, store->append(batch));
      std::puts(("acknowledged " + std::to_string(first + 1)).c_str());
      std::fflush(stdout);
    }
    const fs::path backup = folder / ("backup" + std::to_string(opening));
    if (!fs::exists(backup)) CAIRN_TRY(back_up(*store, backup));
  }
  const fs::path restored = folder / "restored";
  if (!fs::exists(restored / "journal")) CAIRN_TRY(restore_store(folder / "backup0", restored));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (const auto worked = work(argv[1]); !worked.ok()) {
    std::fprintf(stderr, "%s\n", worked.error().to_string().c_str());
    return 1;
  }
  const BoundaryCounts counts = boundary_counts();
  std::printf("outside %llu %s\n", static_cast<unsigned long long>(counts.changes_outside),
              counts.first_outside.c_str());
  for (std::size_t i = 0; i < kBoundaries; ++i) {
    std::printf("%s %llu %llu\n", to_string(static_cast<Boundary>(i)).data(),
                static_cast<unsigned long long>(counts.passings[i]),
                static_cast<unsigned long long>(counts.changes[i]));
  }
  return 0;
}
