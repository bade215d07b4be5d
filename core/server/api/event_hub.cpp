#include "core/server/api/event_hub.h"

#include <algorithm>

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

std::string member(const char* name, const std::string& elements) {
  return elements.empty() ? std::string() : "\"" + std::string(name) + "\":[" + elements + "]";
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
  feed.events.clear();
  feed.progress.clear();
  const bool journaled = moved.runs.contains(run);
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
  if (!feed.journal) return;
  (void)feed.journal->read(
      last_position_,
      [&](const WatchEvent& event) {
        append(feed.events, json::serialize(event.event));
        return true;
      },
      moved.position);
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
  const std::string text = std::to_string(id);
  const std::string data = "{\"sequence\":" + text + members + "}";
  const http::Sent sent = listener.stream->send(
      listener.wish.lines ? data + "\n" : http::to_bytes({data, text, "update"}));
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
  const auto [entry, made] = shared_.try_emplace({listener.wish.run, listener.wish.topics});
  std::string& members = entry->second;
  if (made) {
    const Topics& topics = listener.wish.topics;
    if (topics.runs) add_member(members, rows_);
    if (const auto feed = feeds_.find(listener.wish.run); feed != feeds_.end()) {
      if (topics.states) add_member(members, feed->second.states);
      if (topics.events) add_member(members, member("events", feed->second.events));
      if (topics.progress) add_member(members, member("progress", feed->second.progress));
    }
  }
  if (members.empty()) {
    listener.position = moved.position;
    return http::Sent::kTaken;
  }
  return send(listener, moved.position, members);
}

// Events of the journal up to `until`, as many as the client takes.
http::Sent EventHub::catch_up_events(Listener& listener, std::uint64_t until, bool& done) {
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
    Feed& feed = feeds_[listener.wish.run];
    if (!feed.journal) {
      // From here on the feed tells; what is there already is told.
      feed.journal = std::make_unique<JournalFollower>(store_, listener.wish.run);
      (void)feed.journal->read(
          moved.position, [](const WatchEvent&) { return true; }, moved.position);
    }
  }
  std::string members;
  if (topics.runs) add_member(members, rows_text(runs, deleted));
  if (one_run) {
    (void)runs_.replicas().with(listener.wish.run, [&](const RunNow& now) {
      if (topics.states)
        add_member(members, "\"snapshot\":" + json::serialize(states_view(now.state, now.served)));
      if (topics.progress)
        add_member(members, member("progress", elements_of(progress_view(now.state, now.live))));
      Feed& feed = feeds_[listener.wish.run];
      if (!feed.letters) {
        feed.letters = letters_of(now.state, now.served);
        feed.revision = now.state.revision;
      }
    });
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
