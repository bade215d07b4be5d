#include "core/host/outbox.h"

#include <algorithm>
#include <iostream>

#include "core/base/boundary.h"

namespace cairn::host {
namespace {

// A spool of more bytes is emptied once all of it is acknowledged.
constexpr std::uint64_t kEmptyAt = 1 << 20;
// One that never is, since there is always something on its way, is rewritten with that alone.
constexpr std::uint64_t kRewriteAt = 32 << 20;

}  // namespace

Outbox::Outbox(FileSystem& files, fs::path spool, EngineLink& link)
    : files_(files), path_(std::move(spool)), link_(link), shorten_at_(kRewriteAt) {
  const std::lock_guard lock(mutex_);
  write_or_say();
}

Result<void> Outbox::open() {
  if (writer_) return {};
  FramedLogContent content;
  CAIRN_ASSIGN(writer_, FramedLogWriter::open(files_, path_, &content));
  v1::HostReport report;
  if (last_ > 0 || content.frames.empty()) return {};
  if (!report.ParseFromString(content.frames.back()))
    return corrupt(path_.string() + " holds a record that is no report");
  last_ = written_ = report.sequence();
  return {};
}

Result<void> Outbox::write() {
  const PersistenceBoundary boundary(Boundary::kSpoolAppend);
  CAIRN_TRY(open());
  if (written_ == last_) return {};
  for (std::size_t i = kept_.size() - (last_ - written_); i < kept_.size(); ++i) {
    CAIRN_TRY(writer_->append(kept_[i].bytes));
    written_ = kept_[i].sequence;
  }
  if (!connected_) CAIRN_TRY(writer_->sync());
  return {};
}

void Outbox::write_or_say() {
  const auto written = write();
  if (!written.ok() && !said_)
    std::cerr << "cairn-host: reports are kept in memory: " << written.error().to_string() << '\n';
  said_ = !written.ok();
}

void Outbox::add(v1::HostReport report, EngineLink::When when) {
  Kept kept;
  if (report.has_finished() || report.has_returned()) kept.ended = report.attempt();
  const std::lock_guard lock(mutex_);
  kept.sequence = ++last_;
  report.set_sequence(last_);
  report.SerializeToString(&kept.bytes);
  kept_.push_back(std::move(kept));
  write_or_say();
  link_.send(kept_.back().bytes, when);
}

void Outbox::pass(const v1::HostReport& report) {
  const std::lock_guard lock(mutex_);
  link_.send(report.SerializeAsString(), EngineLink::When::kNow);
}

void Outbox::connect(const v1::HostReport& hello) {
  const std::string first = hello.SerializeAsString();
  const std::lock_guard lock(mutex_);
  std::vector<std::string_view> reports{first};
  for (const Kept& kept : kept_) reports.emplace_back(kept.bytes);
  link_.connect(reports);
}

void Outbox::connected() {
  const std::lock_guard lock(mutex_);
  connected_ = true;
}

void Outbox::lost() {
  {
    const std::lock_guard lock(mutex_);
    connected_ = false;
  }
  sync();
}

void Outbox::sync() {
  const std::lock_guard lock(mutex_);
  if (kept_.empty() || !writer_) return;
  const PersistenceBoundary boundary(Boundary::kSpoolAppend);
  if (const auto synced = writer_->sync(); !synced.ok())
    std::cerr << "cairn-host: " << synced.error().to_string() << '\n';
}

std::vector<v1::AttemptId> Outbox::acknowledge(std::uint64_t sequence) {
  std::vector<Kept> done;
  {
    const std::lock_guard lock(mutex_);
    while (!kept_.empty() && kept_.front().sequence <= sequence) {
      done.push_back(std::move(kept_.front()));
      kept_.pop_front();
    }
    if (!done.empty()) written_ = std::max(written_, done.back().sequence);
    if (const auto shortened = shorten(); !shortened.ok())
      std::cerr << "cairn-host: " << shortened.error().to_string() << '\n';
  }
  std::vector<v1::AttemptId> ended;
  for (Kept& kept : done)
    if (kept.ended) ended.push_back(std::move(*kept.ended));
  return ended;
}

Result<void> Outbox::shorten() {
  if (!writer_ || writer_->size() <= (kept_.empty() ? kEmptyAt : shorten_at_)) return {};
  const PersistenceBoundary boundary(Boundary::kSpoolTrim);
  std::vector<std::string> rest;
  std::uint64_t bytes = 0;
  for (const Kept& kept : kept_) bytes += rest.emplace_back(kept.bytes).size();
  // Not again before it has doubled.
  shorten_at_ = std::max(kRewriteAt, 2 * bytes);
  CAIRN_TRY(writer_->replace(rest));
  written_ = last_;
  return {};
}

void Outbox::retry() {
  const std::lock_guard lock(mutex_);
  if (written_ < last_) write_or_say();
}

bool Outbox::empty() const {
  const std::lock_guard lock(mutex_);
  return kept_.empty();
}

bool Outbox::settled() const {
  const std::lock_guard lock(mutex_);
  return std::none_of(kept_.begin(), kept_.end(),
                      [](const Kept& kept) { return kept.ended.has_value(); });
}

bool Outbox::safe() const {
  const std::lock_guard lock(mutex_);
  return written_ == last_;
}

}  // namespace cairn::host
