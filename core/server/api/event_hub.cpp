#include "core/server/api/event_hub.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/base/priority.h"
#include "core/base/text.h"
#include "core/engine/view.h"
#include "core/http/sse.h"
#include "core/server/on_strand.h"

namespace cairn::api {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr Duration kPingEvery{15'000};
// Of one event's data.
constexpr std::size_t kEventBytes = std::size_t{48} << 10;
// Listeners that read the journal for themselves at once: each holds a state of the run.
constexpr std::size_t kMostBehind = 8;
// Of the newest events, of all runs together; each run that is watched has its share.
constexpr std::size_t kRecentBytes = std::size_t{16} << 20;
// Of a journal's past, in one tick: what is new waits no longer for it than this takes.
constexpr std::size_t kPastBytes = std::size_t{2} << 20;
// How far before its first listener a run's pieces begin, in sequences: when a server starts again
// its clients come back one by one, each with an id a little before or behind the others'.
constexpr std::uint64_t kBefore = 2'000;
constexpr const char* kRetry = "retry: 1000\n\n";

void append(std::string& list, const std::string& element) {
  if (!list.empty()) list += ',';
  list += element;
}

void add_member(std::string& members, const std::string& text) {
  if (text.empty()) return;
  members += ',';
  members += text;
}

std::string member(std::string_view name, std::string_view elements) {
  if (elements.empty()) return {};
  std::string text = "\"";
  return text.append(name).append("\":[").append(elements).append("]");
}

std::string update_bytes(bool lines, std::uint64_t id, const std::string& members) {
  const std::string text = std::to_string(id);
  std::string data = "{\"sequence\":" + text + members + "}";
  return lines ? std::move(data) + "\n" : http::to_bytes({std::move(data), text, "update"});
}

std::string elements_of(const json::array& array) {
  std::string elements;
  for (const json::value& value : array) append(elements, json::serialize(value));
  return elements;
}

}  // namespace

Result<Topics> parse_topics(const std::string& text) {
  Topics topics;
  if (text.empty()) return topics;
  topics = {false, false, false, false};
  for (const std::string_view word : split(text, ',')) {
    if (word == "runs") {
      topics.runs = true;
    } else if (word == "states") {
      topics.states = true;
    } else if (word == "events") {
      topics.events = true;
    } else if (word == "progress") {
      topics.progress = true;
    } else {
      return invalid_argument("'" + printable(word) + "' is no topic",
                              "there are runs, states, events and progress");
    }
  }
  return topics;
}

EventHub::EventHub(Scheduler& scheduler, EngineRuns& runs, const RunStore& store,
                   const Clock& clock)
    : scheduler_(scheduler), runs_(runs), store_(store), clock_(clock) {
  on_strand(scheduler_, [this] {
    // On the strand nothing is journaled meanwhile.
    began_at_ = last_position_ = moved_.position = store_.last_sequence();
    subscription_ = scheduler_.subscribe([this](const RunUpdate& update) {
      const std::lock_guard lock(mutex_);
      if (update.event == nullptr) {
        moved_.progress.insert(update.state.id);
      } else {
        moved_.runs.insert(update.state.id);
        moved_.position = std::max(moved_.position, update.sequence);
      }
      wake_.notify_one();
    });
    return true;
  });
  runs_.on_deleted([this](const std::string& run) { note_deleted(run); });
  last_ping_ = clock_.monotonic();
  thread_ = std::thread([this] { work(); });
}

EventHub::~EventHub() {
  runs_.on_deleted({});
  on_strand(scheduler_, [this] {
    scheduler_.unsubscribe(subscription_);
    return true;
  });
  close();
  thread_.join();
}

void EventHub::close() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
  wake_.notify_one();
}

void EventHub::listen(Listening wish, std::shared_ptr<http::Stream> stream) {
  Listener listener;
  listener.wish = std::move(wish);
  listener.stream = std::move(stream);
  const std::lock_guard lock(mutex_);
  if (closing_) {
    listener.stream->close();
    return;
  }
  new_listeners_.push_back(std::move(listener));
  ++count_;
  wake_.notify_one();
}

void EventHub::note_deleted(const std::string& run) {
  const std::lock_guard lock(mutex_);
  moved_.deleted.insert(run);
  wake_.notify_one();
}

std::size_t EventHub::listeners() {
  const std::lock_guard lock(mutex_);
  return count_;
}

void EventHub::work() {
  give_way();
  std::unique_lock lock(mutex_);
  for (;;) {
    // Between two ticks everything gathers; a listener that is behind is looked after, too.
    wake_.wait_for(lock, kTick, [this] { return closing_; });
    if (closing_) break;
    Moved moved;
    std::swap(moved, moved_);
    moved_.position = moved.position;
    for (Listener& listener : new_listeners_) {
      if (!listener.wish.run.empty()) ++feeds_[listener.wish.run].listeners;
      listener.position = listener.wish.after.value_or(last_position_);
      const bool later =
          !listener.wish.lines && listener.stream->send(kRetry) != http::Sent::kTaken;
      (void)later;  // whoever has gone is found out below
    }
    listeners_.splice(listeners_.end(), new_listeners_);
    lock.unlock();
    tick(moved);
    lock.lock();
    count_ = listeners_.size() + new_listeners_.size();
  }
  lock.unlock();
  for (const Listener& listener : listeners_) listener.stream->close();
  for (const Listener& listener : new_listeners_) listener.stream->close();
}

std::string EventHub::rows_text(const std::set<std::string>& runs,
                                const std::set<std::string>& deleted) {
  if (runs.empty() && deleted.empty()) return {};
  std::string rows;
  if (const auto found = runs_.rows().rows(runs); found.ok()) {
    for (const RunRow& row : *found) append(rows, json::serialize(list_row(row)));
  }
  std::string gone;
  for (const std::string& run : deleted) append(gone, json::serialize(json::string(run)));
  return R"("runs":{"runs":[)" + rows + R"(],"deleted":[)" + gone + "]}";
}

void EventHub::refresh_feed(const std::string& run, Feed& feed, const Moved& moved) {
  feed.states.clear();
  feed.progress.clear();
  feed.standing.reset();
  feed.pieces_now = 0;
  const bool journaled = moved.runs.contains(run);
  if (feed.journal) {
    const bool level = feed.recent_until == last_position_;
    if (level && !journaled) {
      feed.recent_until = moved.position;
    } else {
      add_pieces(run, feed, moved.position, level ? ~std::size_t{0} : kPastBytes);
    }
  }
  if (!journaled && !moved.progress.contains(run)) return;
  (void)runs_.replicas().with(run, [&](const RunNow& now) {
    feed.progress = elements_of(progress_view(now.state, now.live));
    if (!journaled) return;
    Letters letters = letters_of(now.state, now.served);
    const bool same_shape = feed.letters && feed.revision == now.state.revision &&
                            feed.letters->stages.size() == letters.stages.size();
    feed.states =
        same_shape ? "\"states\":" +
                         json::serialize(delta_view(now.state, now.served, *feed.letters, letters))
                   : "\"snapshot\":" + json::serialize(states_view(now.state, now.served));
    feed.letters = std::move(letters);
    feed.revision = now.state.revision;
  });
}

const EventHub::Standing& EventHub::standing(const std::string& run, Feed& feed) {
  if (feed.standing) return *feed.standing;
  feed.standing.emplace();
  (void)runs_.replicas().with(run, [&](const RunNow& now) {
    feed.standing->snapshot = "\"snapshot\":" + json::serialize(states_view(now.state, now.served));
    feed.standing->progress = elements_of(progress_view(now.state, now.live));
    if (!feed.letters) {
      feed.letters = letters_of(now.state, now.served);
      feed.revision = now.state.revision;
    }
  });
  return *feed.standing;
}

// What the journal has of the run, behind the pieces that are there: up to `until`, or less where
// that is more than `most_bytes`.
void EventHub::add_pieces(const std::string& run, Feed& feed, std::uint64_t until,
                          std::size_t most_bytes) {
  std::uint64_t before = feed.recent_until;
  std::size_t bytes = 0;
  feed.pieces_now = 0;
  const auto read = feed.journal->read(
      feed.recent_until,
      [&](const WatchEvent& event) {
        // One piece is never cut within a sequence: whoever has an id has all of it.
        const bool full = feed.pieces_now > 0 && feed.recent.back().events.size() >= kEventBytes &&
                          event.sequence != before;
        if (feed.pieces_now == 0 || full) {
          if (full) feed.recent.back().until = before;
          feed.recent.push_back({before, until, {}, {}});
          ++feed.pieces_now;
        }
        const std::string text = json::serialize(event.event);
        bytes += text.size();
        Piece& piece = feed.recent.back();
        const bool begins = piece.starts.empty() || event.sequence != before;
        append(piece.events, text);
        if (begins) piece.starts.emplace_back(event.sequence, piece.events.size() - text.size());
        before = event.sequence;
        return bytes < most_bytes;
      },
      until);
  if (!read.ok()) spdlog::warn("events of run {} are not told on: {}", run, read.error().message);
  feed.recent_bytes += bytes;
  feed.recent_until = bytes < most_bytes ? until : before;
  if (feed.pieces_now > 0) feed.recent.back().until = feed.recent_until;
  const std::size_t share = kRecentBytes / feeds_.size();
  while (feed.recent.size() > feed.pieces_now && feed.recent_bytes > share) {
    feed.recent_bytes -= std::min(feed.recent_bytes, feed.recent.front().events.size());
    feed.recent_from = feed.recent.front().until;
    feed.recent.pop_front();
  }
}

void EventHub::tick(const Moved& moved) {
  for (const std::string& run : moved.runs) changed_[run] = moved.position;
  for (const std::string& run : moved.deleted) {
    changed_.erase(run);
    deleted_[run] = moved.position;
  }
  std::erase_if(feeds_, [](const auto& feed) { return feed.second.listeners == 0; });
  for (auto& [run, feed] : feeds_) refresh_feed(run, feed, moved);
  shared_.clear();
  rows_ = listeners_.empty() ? std::string() : rows_text(moved.runs, moved.deleted);
  const Duration now = clock_.monotonic();
  const bool ping = now - last_ping_ >= kPingEvery;
  if (ping) last_ping_ = now;
  for (auto listener = listeners_.begin(); listener != listeners_.end();) {
    http::Sent sent = serve(*listener, moved);
    if (sent == http::Sent::kTaken && ping)
      sent = listener->stream->send(listener->wish.lines ? std::string_view("\n") : http::kPing);
    if (sent != http::Sent::kGone) {
      ++listener;
      continue;
    }
    if (const auto feed = feeds_.find(listener->wish.run); feed != feeds_.end())
      --feed->second.listeners;
    listener = listeners_.erase(listener);
  }
  last_position_ = moved.position;
}

http::Sent EventHub::send(Listener& listener, std::uint64_t id, const std::string& members) {
  const http::Sent sent = listener.stream->send(update_bytes(listener.wish.lines, id, members));
  if (sent == http::Sent::kTaken) listener.position = id;
  return sent;
}

http::Sent EventHub::serve(Listener& listener, const Moved& moved) {
  const http::Sent sent = listener.in_step && listener.position == last_position_
                              ? send_shared(listener, moved)
                              : catch_up(listener, moved);
  listener.in_step =
      sent == http::Sent::kTaken && !listener.fresh && listener.position == moved.position;
  return sent;
}

http::Sent EventHub::send_shared(Listener& listener, const Moved& moved) {
  const Topics& topics = listener.wish.topics;
  const auto found = feeds_.find(listener.wish.run);
  const Feed* feed = found == feeds_.end() ? nullptr : &found->second;
  const bool events = feed != nullptr && topics.events && feed->pieces_now > 0;
  if (events && feed->pieces_now > 1) {
    // All but the last, which goes with what else there is.
    bool done = false;
    const http::Sent sent = send_pieces(listener, *feed, feed->recent.back().after, done);
    if (sent != http::Sent::kTaken) return sent;
  }
  const auto [entry, made] = shared_.try_emplace({listener.wish.run, topics, listener.wish.lines});
  if (made) {
    std::string members;
    if (topics.runs) add_member(members, rows_);
    if (feed != nullptr) {
      if (topics.states) add_member(members, feed->states);
      if (events) add_member(members, member("events", feed->recent.back().events));
      if (topics.progress) add_member(members, member("progress", feed->progress));
    }
    if (!members.empty())
      entry->second = update_bytes(listener.wish.lines, moved.position, members);
  }
  const http::Sent sent =
      entry->second.empty() ? http::Sent::kTaken : listener.stream->send(entry->second);
  if (sent == http::Sent::kTaken) listener.position = moved.position;
  return sent;
}

std::string_view EventHub::Piece::behind(std::uint64_t position) const {
  const auto next =
      std::ranges::upper_bound(starts, position, {}, &std::pair<std::uint64_t, std::size_t>::first);
  return next == starts.end() ? std::string_view() : std::string_view(events).substr(next->second);
}

// Pieces up to `until`, from the one that begins where the listener stands. done: it has them all.
http::Sent EventHub::send_pieces(Listener& listener, const Feed& feed, std::uint64_t until,
                                 bool& done) {
  auto piece = std::ranges::upper_bound(feed.recent, listener.position, {}, &Piece::until);
  for (; piece != feed.recent.end() && piece->until <= until; ++piece) {
    const std::string_view events = piece->behind(listener.position);
    if (events.empty()) {
      listener.position = piece->until;
      continue;
    }
    const http::Sent sent = send(listener, piece->until, "," + member("events", events));
    if (sent != http::Sent::kTaken) return sent;
  }
  done = feed.recent_until >= until;
  return http::Sent::kTaken;
}

// Events up to `until`, as many as the client takes.
http::Sent EventHub::catch_up_events(Listener& listener, std::uint64_t until, bool& done) {
  Feed& feed = feeds_[listener.wish.run];
  if (!feed.journal) {
    feed.journal = std::make_unique<JournalFollower>(store_, listener.wish.run);
    feed.recent_from = listener.position - std::min(listener.position, kBefore);
    feed.recent_until = feed.recent_from;
    add_pieces(listener.wish.run, feed, until, kPastBytes);
  }
  if (listener.position < feed.recent_from) {
    bool joined = false;
    const std::uint64_t from = feed.recent_from;
    const http::Sent sent = read_events(listener, from, joined);
    if (sent != http::Sent::kTaken || !joined) return sent;
    listener.position = from;
  }
  listener.behind.reset();
  return send_pieces(listener, feed, until, done);
}

// The same from the journal itself.
http::Sent EventHub::read_events(Listener& listener, std::uint64_t until, bool& done) {
  const std::string& run = listener.wish.run;
  if (!listener.behind) {
    const auto reading = std::ranges::count_if(
        listeners_, [](const Listener& other) { return other.behind != nullptr; });
    if (reading >= static_cast<std::ptrdiff_t>(kMostBehind)) return http::Sent::kTaken;
    listener.behind = std::make_unique<JournalFollower>(store_, run);
  }
  for (;;) {
    if (listener.unsent.empty()) {
      listener.unsent_id = listener.position;
      const auto read = listener.behind->read(
          listener.position,
          [&](const WatchEvent& event) {
            append(listener.unsent, json::serialize(event.event));
            listener.unsent_id = event.sequence;
            return listener.unsent.size() < kEventBytes;
          },
          until);
      if (!read.ok() || listener.unsent.empty()) break;
    }
    const http::Sent sent =
        send(listener, listener.unsent_id, "," + member("events", listener.unsent));
    if (sent != http::Sent::kTaken) return sent;
    listener.unsent.clear();
  }
  listener.behind.reset();
  done = true;
  return http::Sent::kTaken;
}

http::Sent EventHub::catch_up(Listener& listener, const Moved& moved) {
  const Topics& topics = listener.wish.topics;
  const std::uint64_t before = listener.position;
  if (before > moved.position || (topics.runs && before < began_at_)) {
    listener.fresh = true;
    return send(listener, moved.position, R"(,"reset":"what came since cannot be told any more")");
  }
  std::set<std::string> runs;
  std::set<std::string> deleted;
  for (const auto& [run, at] : changed_) {
    if (at > before) runs.insert(run);
  }
  for (const auto& [run, at] : deleted_) {
    if (at >= before) deleted.insert(run);
  }
  const bool one_run = !listener.wish.run.empty();
  if (one_run && topics.events) {
    bool done = false;
    if (const http::Sent sent = catch_up_events(listener, moved.position, done);
        sent != http::Sent::kTaken || !done)
      return sent;
  }
  std::string members;
  if (topics.runs) add_member(members, rows_text(runs, deleted));
  if (one_run) {
    const Standing& now = standing(listener.wish.run, feeds_[listener.wish.run]);
    if (topics.states) add_member(members, now.snapshot);
    if (topics.progress) add_member(members, member("progress", now.progress));
  }
  if (members.empty()) {
    listener.position = moved.position;
    listener.fresh = false;
    return http::Sent::kTaken;
  }
  const http::Sent sent = send(listener, moved.position, members);
  if (sent == http::Sent::kTaken) listener.fresh = false;
  return sent;
}

}  // namespace cairn::api
