// SegmentedLog: lines that a stage appends while it runs and that must come out byte-identical
// however often it was killed (rollouts, step records).
//
// Each attempt writes its own segment file in the task's work folder. A checkpoint stores cuts():
// how many bytes of which segments count. After a restart open() takes those cuts, ignores what
// was written after them, and starts a new segment; assemble() joins what counts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"
#include "core/sdk/context.h"

namespace cairn {

// Not thread-safe.
class SegmentedLog {
 public:
  // cuts: null on a fresh start, else what the checkpoint stored. Segments lie in
  // work_dir/NAME.segments/.
  [[nodiscard]] static Result<SegmentedLog> open(const StageContext& ctx, const std::string& name,
                                                 const json::value& cuts);

  // Appends text and a line end.
  [[nodiscard]] Result<void> append_line(std::string_view text);
  // Syncs what was appended, then names it; store the value in the checkpoint.
  [[nodiscard]] Result<json::value> cuts();
  // Writes all lines that count to one file.
  [[nodiscard]] Result<void> assemble(const fs::path& target);

 private:
  struct Cut {
    std::string segment;
    std::uint64_t bytes = 0;
  };
  fs::path folder_;
  std::vector<Cut> earlier_;
  std::string segment_;
  std::unique_ptr<AppendFile> file_;
};

}  // namespace cairn
