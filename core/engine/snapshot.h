// Snapshots of runs: what bounds the replay of a long journal.
#pragma once

#include <string>
#include <string_view>

#include "core/engine/state.h"
#include "core/store/run_store.h"

namespace cairn {

// The state as of its last_sequence, behind a checksum. Equal states give equal bytes.
[[nodiscard]] std::string encode_snapshot(const RunState& state);

// The state again; its workflow is read from the journal. kCorrupt: not what encode_snapshot wrote,
// or of another format.
[[nodiscard]] Result<RunState> decode_snapshot(const RunStore& store, const std::string& run,
                                               std::string_view bytes);

}  // namespace cairn
