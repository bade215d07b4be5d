// What a task left in its folder: attempts with their ends and sizes, and checkpoints.
#pragma once

#include "core/base/json.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn {

inline constexpr std::size_t kMostEntriesCounted = 20'000;  // of one folder's tree

// {"attempts":[{"attempt","files":{"log","output","metrics": bytes, where there is one},"bytes": of
//    the whole folder,"more"?: true where it has more files than are counted,
//    "exit": {"cause","message"} once it has ended, cause "" of success, else null}], ascending,
//  "work": bytes of the folder that attempts share,"checkpoints": bytes of theirs}.
// A task or attempt without a folder has left nothing.
[[nodiscard]] Result<json::object> task_attempts(const TaskFolder& task);

enum class Verify {
  kSizes,  // every file that the manifest names is there with its size
  kBytes,  // their checksums, too: all is read
};
// {"checkpoints":[{"step","bytes","status":"complete"|"damaged","verified": whether by checksums,
//    "reason"? (damaged),"files":[{"path","bytes"}] as its manifest says}], ascending}.
[[nodiscard]] Result<json::object> task_checkpoints(const TaskFolder& task,
                                                    Verify verify = Verify::kSizes);

}  // namespace cairn
