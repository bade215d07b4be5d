// Api: artifacts, where they come from, and what two runs have apart.
#include "core/base/text.h"
#include "core/engine/load.h"
#include "core/server/api/api.h"
#include "core/server/api/preview.h"
#include "core/server/reading/artifact_files.h"
#include "core/server/reading/lineage_walk.h"
#include "core/server/reading/record_page.h"
#include "core/server/reading/run_diff.h"

namespace cairn::api {
namespace {

constexpr std::uint32_t kFilesOnAPage = 200;
constexpr std::uint32_t kRecordsOnAPage = 50;
constexpr std::uint32_t kPreviewRows = 50;
// Lineage documents of ended runs that are kept.
constexpr std::size_t kMostLineages = 4'096;

Result<void> check_digest(const std::string& digest) {
  if (is_digest(digest)) return {};
  return invalid_argument("'" + printable(digest) + "' is no digest",
                          "write sha256: and 64 hexadecimal digits");
}

}  // namespace

Outcome Api::artifact(const v1::ArtifactRequest& request) {
  return outcome(artifact_files(
      artifacts_,
      {request.digest(), request.after(), request.limit() == 0 ? kFilesOnAPage : request.limit()}));
}

Result<OpenFile> Api::open_file(const v1::ReadArtifactRequest& request) {
  return open_artifact_file(artifacts_, request.digest(), request.file());
}

Outcome Api::records(const v1::ReadRecordsRequest& request) {
  RecordPageRequest wish;
  wish.place = {request.digest(), request.file()};
  wish.cursor = request.cursor();
  if (request.has_number()) wish.number = request.number();
  wish.id = request.id();
  wish.limit = request.limit() == 0 ? kRecordsOnAPage : request.limit();
  if (!request.q().empty()) wish.text = SearchText{request.q(), request.regex(), !request.regex()};
  for (const std::string& condition : request.where()) {
    CAIRN_ASSIGN(auto member, parse_label(condition));
    wish.equal.insert(std::move(member));
  }
  return outcome(record_page(indexes_, artifacts_, wish));
}

Outcome Api::record(const v1::GetRecordRequest& request) {
  return outcome(whole_record(artifacts_, {request.digest(), request.file()}, request.offset()));
}

Outcome Api::preview(const v1::PreviewArtifactRequest& request) {
  CAIRN_TRY(check_digest(request.digest()));
  if (!artifacts_.contains(request.digest()))
    return not_found("there is no artifact " + request.digest());
  CAIRN_ASSIGN(const SharedRegistry known, registry());
  return outcome(
      preview_artifact({options_.host_program, artifacts_.path(request.digest()), request.kind(),
                        request.rows() == 0 ? kPreviewRows : request.rows()},
                       *known));
}

Outcome Api::diff(const v1::DiffRequest& request) {
  const auto document = [&](const std::string& run) {
    return runs().view(
        run, [](const RunNow& now) -> Result<json::object> { return diff_document(now.state); });
  };
  CAIRN_ASSIGN(const json::object one, document(request.run()));
  CAIRN_ASSIGN(const json::object other, document(request.other()));
  return diff_runs(one, other);
}

// What lineage needs of a run, kept where nothing more will happen to it.
Result<std::shared_ptr<const json::object>> Api::lineage_of(const std::string& run) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = lineages_.find(run); known != lineages_.end()) return known->second;
  }
  bool ended = false;
  std::shared_ptr<const json::object> document;
  const auto make = [&](const RunState& state) {
    ended = state.status == RunStatus::kSucceeded;
    document = std::make_shared<const json::object>(lineage_document(state));
  };
  CAIRN_TRY(runs().replicas().with(run, [&](const RunNow& now) { make(now.state); }));
  const std::lock_guard lock(mutex_);
  if (ended && lineages_.size() < kMostLineages) lineages_[run] = document;
  return document;
}

Outcome Api::lineage(const v1::LineageRequest& request) {
  CAIRN_ASSIGN(const std::string run, runs().resolve(request.run()));
  CAIRN_ASSIGN(const auto own, lineage_of(run));
  CAIRN_ASSIGN(json::object up, walk_up(*own, request.stage(), request.output()));
  CAIRN_ASSIGN(const RunRows::Page page, runs().rows().page({}, ~std::size_t{0}, ""));
  ConsumerIndex index;
  for (auto row = page.rows.rbegin(); row != page.rows.rend(); ++row) {
    // A run that cannot be read says nothing of what it read.
    if (const auto document = lineage_of(row->id); document.ok()) index.add(**document);
  }
  CAIRN_ASSIGN(const std::string digest, get_string(up, "digest"));
  json::array down = index.walk_down(digest);
  return json::object{{"artifact", std::move(up)}, {"consumers", std::move(down)}};
}

}  // namespace cairn::api
