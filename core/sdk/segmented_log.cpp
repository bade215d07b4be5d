#include "core/sdk/segmented_log.h"

#include <algorithm>
#include <fstream>

#include "core/base/boundary.h"

namespace cairn {

Result<SegmentedLog> SegmentedLog::open(const StageContext& ctx, const std::string& name,
                                        const json::value& cuts) {
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  SegmentedLog log;
  log.folder_ = ctx.work_dir() / (name + ".segments");
  CAIRN_TRY(real_file_system().make_directories(log.folder_));
  if (!cuts.is_null()) {
    if (!cuts.is_array()) return corrupt("the checkpoint's cuts of '" + name + "' are no list");
    for (const auto& value : cuts.as_array()) {
      if (!value.is_object()) return corrupt("a cut of '" + name + "' is no object");
      Cut cut;
      CAIRN_ASSIGN(cut.segment, get_string(value.as_object(), "segment"));
      CAIRN_ASSIGN(cut.bytes, get_uint(value.as_object(), "bytes"));
      std::error_code error;
      auto size = fs::file_size(log.folder_ / cut.segment, error);
      if (error || size < cut.bytes)
        return corrupt("segment '" + cut.segment + "' of '" + name +
                       "' is shorter than its checkpoint says");
      log.earlier_.push_back(std::move(cut));
    }
  }
  // A segment that counts is never written again, even if an attempt number comes twice.
  const std::string base = "attempt-" + std::to_string(ctx.attempt());
  log.segment_ = base;
  const auto counts = [&](const Cut& cut) { return cut.segment == log.segment_; };
  for (int i = 2; std::any_of(log.earlier_.begin(), log.earlier_.end(), counts); ++i)
    log.segment_ = base + "." + std::to_string(i);
  auto path = log.folder_ / log.segment_;
  CAIRN_TRY(real_file_system().remove_all(path));
  CAIRN_ASSIGN(log.file_, real_file_system().open_append(path));
  return log;
}

Result<void> SegmentedLog::append_line(std::string_view text) {
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  std::string line(text);
  line += '\n';
  return file_->append(line);
}

Result<json::value> SegmentedLog::cuts() {
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  CAIRN_TRY(file_->sync());
  json::array list;
  for (const auto& cut : earlier_)
    list.push_back(json::object{{"segment", cut.segment}, {"bytes", cut.bytes}});
  list.push_back(json::object{{"segment", segment_}, {"bytes", file_->size()}});
  return json::value(std::move(list));
}

Result<void> SegmentedLog::assemble(const fs::path& target) {
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  CAIRN_TRY(file_->sync());
  std::vector<Cut> all = earlier_;
  all.push_back({segment_, file_->size()});
  std::ofstream out(target, std::ios::binary | std::ios::trunc);
  std::string buffer(1 << 20, '\0');
  for (const auto& cut : all) {
    std::ifstream in(folder_ / cut.segment, std::ios::binary);
    for (std::uint64_t left = cut.bytes; left > 0;) {
      auto chunk = static_cast<std::streamsize>(std::min<std::uint64_t>(left, buffer.size()));
      if (!in.read(buffer.data(), chunk))
        return corrupt("segment '" + cut.segment + "' ends before its cut");
      out.write(buffer.data(), chunk);
      left -= static_cast<std::uint64_t>(chunk);
    }
  }
  out.flush();
  if (!out) return io_error("write", target.string(), errno);
  return {};
}

}  // namespace cairn
