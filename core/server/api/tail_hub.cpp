#include "core/server/api/tail_hub.h"

#include <algorithm>

#include "core/base/priority.h"
#include "core/http/sse.h"
#include "core/server/reading/log_page.h"
#include "core/server/reading/metric_stats.h"
#include "core/server/reading/open_file.h"

namespace cairn::api {
namespace {

constexpr std::chrono::milliseconds kTick{200};
constexpr Duration kLookEvery{1'000};
constexpr Duration kPingEvery{15'000};
constexpr std::size_t kEventBytes = std::size_t{48} << 10;
// Pages for one client before the others have their turn.
constexpr int kPagesInARow = 8;

LogSource source_of(TailWish::What what) {
  return what == TailWish::What::kOutput ? LogSource::kOutput : LogSource::kLog;
}

}  // namespace

TailHub::TailHub(EngineRuns& runs, Indexes& indexes, const Clock& clock)
    : runs_(runs), indexes_(indexes), clock_(clock), last_ping_(clock.monotonic()) {
  thread_ = std::thread([this] { work(); });
}

TailHub::~TailHub() {
  close();
  thread_.join();
}

void TailHub::close() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
  wake_.notify_one();
}

Result<void> TailHub::look(const TailWish& wish) {
  CAIRN_TRY(find_task_place(runs_, wish.run, wish.stage));
  return {};
}

void TailHub::listen(TailWish wish, std::shared_ptr<http::Stream> stream) {
  const std::lock_guard lock(mutex_);
  if (closing_) {
    stream->close();
    return;
  }
  new_listeners_.push_back({std::move(wish), std::move(stream), std::nullopt, Duration{}});
  wake_.notify_one();
}

void TailHub::work() {
  give_way();
  std::unique_lock lock(mutex_);
  while (!closing_) {
    listeners_.splice(listeners_.end(), new_listeners_);
    lock.unlock();
    const Duration now = clock_.monotonic();
    const bool ping = now - last_ping_ >= kPingEvery;
    if (ping) last_ping_ = now;
    listeners_.remove_if([&](Listener& listener) {
      const http::Sent sent = serve(listener);
      if (sent == http::Sent::kTaken && ping)
        return listener.stream->send(http::kPing) == http::Sent::kGone;
      return sent == http::Sent::kGone;
    });
    lock.lock();
    if (closing_) break;
    if (listeners_.empty()) {
      wake_.wait(lock, [this] { return closing_ || !new_listeners_.empty(); });
    } else {
      wake_.wait_for(lock, kTick, [this] { return closing_ || !new_listeners_.empty(); });
    }
  }
  lock.unlock();
  for (const Listener& listener : listeners_) listener.stream->close();
  for (const Listener& listener : new_listeners_) listener.stream->close();
}

http::Sent TailHub::send(Listener& listener, const char* name, std::uint64_t offset,
                         const json::object& data) {
  const std::string id = std::to_string(listener.wish.from.attempt) + ":" + std::to_string(offset);
  const http::Sent sent = listener.stream->send(http::to_bytes({json::serialize(data), id, name}));
  if (sent == http::Sent::kTaken) listener.wish.from.offset = offset;
  return sent;
}

http::Sent TailHub::serve_lines(Listener& listener, bool& more) {
  LogPageRequest wish;
  wish.source = source_of(listener.wish.what);
  wish.attempt = static_cast<int>(listener.wish.from.attempt);
  wish.cursor =
      std::to_string(listener.wish.from.attempt) + ":" + std::to_string(listener.wish.from.offset);
  wish.bytes = kEventBytes;
  wish.limit = kMostLines;
  auto page = log_page(indexes_, listener.place->folder, wish);
  if (!page.ok()) return http::Sent::kTaken;
  json::array items;
  std::uint64_t end = listener.wish.from.offset;
  for (json::value& item : page->at("items").as_array()) {
    // A line that is not whole yet comes when it is.
    if (item.as_object().contains("partial")) break;
    end = get_uint(item.as_object(), "end").value_or(end);
    items.push_back(std::move(item));
  }
  if (items.empty()) return http::Sent::kTaken;
  more = true;
  return send(listener, "lines", end, {{"items", std::move(items)}});
}

http::Sent TailHub::serve_points(Listener& listener, bool& more) {
  const AttemptFolder attempt =
      listener.place->folder.attempt(static_cast<int>(listener.wish.from.attempt));
  json::array points;
  std::size_t bytes = 0;
  std::uint64_t end = listener.wish.from.offset;
  const auto read =
      read_lines(attempt.metrics(), end, [&](std::string_view line, std::uint64_t behind) {
        end = behind;
        bytes += line.size();
        if (const auto point = parse_metric_point(line)) {
          json::object entry{
              {"name", point->name}, {"step", point->step}, {"value", metric_value(point->value)}};
          if (point->runtime) entry["runtime"] = true;
          points.push_back(std::move(entry));
        }
        return bytes < kEventBytes;
      });
  if (!read.ok() || points.empty()) return http::Sent::kTaken;
  more = true;
  return send(listener, "points", end, {{"points", std::move(points)}});
}

http::Sent TailHub::serve(Listener& listener) {
  const Duration now = clock_.monotonic();
  const auto look = [&]() -> bool {
    auto place = find_task_place(runs_, listener.wish.run, listener.wish.stage);
    if (!place.ok()) return false;
    listener.place = std::move(*place);
    listener.looked_at = now;
    return true;
  };
  if ((!listener.place || now - listener.looked_at >= kLookEvery) && !look()) {
    listener.stream->close();
    return http::Sent::kGone;
  }
  if (listener.wish.from.attempt == 0) {
    if (listener.place->attempts.empty() && listener.place->going_on) return http::Sent::kTaken;
    listener.wish.from = {listener.place->newest_attempt(), 0, 0};
  }
  bool more = true;
  for (int page = 0; page < kPagesInARow && more; ++page) {
    more = false;
    const http::Sent sent = listener.wish.what == TailWish::What::kMetrics
                                ? serve_points(listener, more)
                                : serve_lines(listener, more);
    if (sent != http::Sent::kTaken) return sent;
  }
  if (more) return http::Sent::kTaken;
  // All that is there is sent. What it writes last may have come after that: look once more.
  const auto& attempts = listener.place->attempts;
  const auto later = std::ranges::upper_bound(attempts, listener.wish.from.attempt);
  if (later != attempts.end()) {
    listener.wish.from = {*later, 0, 0};
    return http::Sent::kTaken;
  }
  if (listener.place->going_on || !listener.place->settled) return http::Sent::kTaken;
  if (now - listener.looked_at > Duration{0}) {
    listener.looked_at = Duration{-1'000'000};
    return http::Sent::kTaken;
  }
  (void)send(listener, "end", listener.wish.from.offset, {{"status", listener.place->status}});
  listener.stream->close();
  return http::Sent::kGone;
}

}  // namespace cairn::api
