#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <unordered_map>

#include "core/base/clock.h"
#include "tests/bench/serving_parts.h"
#include "tests/e2e/web.h"

namespace cairn::bench {
namespace {

constexpr std::size_t kListeners = 1000;
constexpr std::size_t kTokens = 20;  // a client has 64 streams at most
constexpr int kTasks = 10'000;
constexpr int kSteps = 500;
constexpr double kPatience = 300;  // seconds

double kilobytes_of(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::atof(line.c_str() + field.size());
  }
  return 0;
}

// From now on VmHWM is the peak since now.
void forget_peak(pid_t pid) {
  std::ofstream("/proc/" + std::to_string(pid) + "/clear_refs") << "5";
}

// Waits for the gate; then ten thousand tasks as fast as the engine goes.
std::string burst(const fs::path& gate) {
  std::string text =
      "cairn: 1\nname: burst\ndefaults: {cache: false}\nstages:\n"
      "  first: {uses: probe.emit, with: {gate: \"" +
      gate.string() + "\"}}\n  each:\n    uses: noop\n    after: [first]\n    matrix: {n: [";
  for (int i = 0; i < kTasks; ++i) text += (i > 0 ? "," : "") + std::to_string(i);
  return text + "]}\n";
}

// The same, then a step every 20 ms.
std::string steady(const fs::path& gate) {
  std::string text =
      "cairn: 1\nname: steady\ndefaults: {cache: false}\nstages:\n"
      "  s0: {uses: probe.emit, with: {gate: \"" +
      gate.string() + "\"}}\n";
  for (int i = 1; i <= kSteps; ++i) {
    const std::string before = std::to_string(i - 1);
    text += "  s" + std::to_string(i) + ": {uses: probe.burn, with: {ms: 20}, after: [s" + before +
            "]}\n";
  }
  return text;
}

// What one update says; made once for all who are sent the same.
struct Update {
  std::vector<std::uint64_t> sequences;
  std::int64_t newest_ms = 0;  // when its last event was journaled
  bool reset = false;
  bool ended = false;
};

Update read_update(const std::string& data) {
  Update update;
  const auto item = parse_json_object(data);
  if (!item.ok()) return update;
  update.reset = item->contains("reset");
  const json::value* events = item->if_contains("events");
  if (events == nullptr) return update;
  for (const json::value& event : events->as_array()) {
    update.sequences.push_back(event.at("sequence").to_number<std::uint64_t>());
    const auto time = parse_rfc3339(std::string(event.at("time").as_string()));
    if (time.ok()) update.newest_ms = time->time_since_epoch().count();
    update.ended = update.ended || event.at("type").as_string() == "run_finished";
  }
  return update;
}

class Listener {
 public:
  Listener(const e2e::Web& web, const std::string& token, const std::string& run)
      : client_(web.port()) {
    client_.ask("GET /api/v1/events?after=0&topics=states,events&run=" + run,
                "Authorization: Bearer " + token + "\r\nAccept: text/event-stream\r\n");
    ended_ = !client_.head().starts_with("HTTP/1.1 200");
    if (ended_) std::printf("a listener is refused\n");
  }
  [[nodiscard]] int descriptor() const { return client_.descriptor(); }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const std::vector<std::uint64_t>& seen() const { return seen_; }

  // What has come; on_update(text) gives what an update says.
  template <typename OnUpdate>
  void take(const OnUpdate& on_update) {
    do {
      const std::string chunk = client_.chunk();
      if (chunk.empty()) ended_ = true;
      text_ += chunk;
      for (std::size_t end = 0; (end = text_.find("\n\n")) != std::string::npos;
           text_.erase(0, end + 2)) {
        const std::size_t data = text_.find("data: ");
        if (data > end) continue;
        const Update& update = on_update(text_.substr(data + 6, end - data - 6));
        seen_.insert(seen_.end(), update.sequences.begin(), update.sequences.end());
        ended_ = ended_ || update.ended;
      }
    } while (!ended_ && client_.buffered());
  }

 private:
  http::Client client_;
  bool ended_ = false;
  std::string text_;
  std::vector<std::uint64_t> seen_;
};

// A thousand listeners to one run.
class Audience {
 public:
  Audience(const e2e::Web& web, const std::vector<std::string>& tokens, const std::string& run)
      : poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < kListeners; ++i) {
      listeners_.push_back(std::make_unique<Listener>(web, tokens[i % tokens.size()], run));
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, listeners_.back()->descriptor(), &event);
    }
  }

  // Until each has been told that the run has ended.
  void listen() {
    const double begin = now_seconds();
    began_at_ = system_clock().now();
    for (std::size_t left = kListeners; left > 0 && now_seconds() - begin < kPatience;) {
      epoll_event events[64];
      const int count = ::epoll_wait(poll_.get(), events, 64, 1000);
      for (int i = 0; i < count; ++i) {
        Listener& listener = *listeners_[events[i].data.u64];
        listener.take([this](std::string text) -> const Update& { return look(std::move(text)); });
        if (!listener.ended()) continue;
        ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, listener.descriptor(), nullptr);
        --left;
      }
    }
    seconds_ = now_seconds() - begin;
  }
  [[nodiscard]] std::size_t wrong(const std::vector<std::uint64_t>& journal) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        listeners_, [&](const auto& listener) { return listener->seen() != journal; }));
  }
  [[nodiscard]] double seconds() const { return seconds_; }
  [[nodiscard]] std::size_t resets() const { return resets_; }
  // ms between the newest event of an update and each listener who is told of it.
  [[nodiscard]] const std::vector<double>& delays() const { return delays_; }

 private:
  const Update& look(std::string text) {
    const auto found = known_.find(text);
    const Update& update = found != known_.end()
                               ? found->second
                               : known_.emplace(text, read_update(text)).first->second;
    resets_ += update.reset ? 1 : 0;
    // What was journaled before anybody listened says nothing.
    if (update.newest_ms > began_at_.time_since_epoch().count()) {
      delays_.push_back(
          static_cast<double>(system_clock().now().time_since_epoch().count() - update.newest_ms));
    }
    return update;
  }

  Fd poll_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<std::string, Update> known_;
  std::vector<double> delays_;
  std::size_t resets_ = 0;
  WallTime began_at_{};
  double seconds_ = 0;
};

std::vector<std::string> make_tokens(const e2e::Place& place) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < kTokens; ++i) {
    const json::value made = place.run_json(
        {"token", "create", "--label", "listener-" + std::to_string(i), "--role", "viewer"});
    tokens.emplace_back(made.at("token").as_string());
  }
  return tokens;
}

std::vector<std::uint64_t> journal_of(const e2e::Web& web, const std::string& run) {
  std::vector<std::uint64_t> journal;
  for (std::size_t more = 1; more > 0;) {
    const json::object page = web.document("/runs/" + run + "/events?limit=10000&after=" +
                                           std::to_string(journal.empty() ? 0 : journal.back()));
    const json::array& events = page.at("events").as_array();
    for (const json::value& event : events)
      journal.push_back(event.at("sequence").to_number<std::uint64_t>());
    more = events.size();
  }
  return journal;
}

void measure_burst(Report& report, const e2e::Place& place, const e2e::Web& web, pid_t pid,
                   const std::vector<std::string>& tokens) {
  // The same run once without listeners: what the engine itself needs.
  const fs::path open = place.write("open", "");
  (void)web.await(web.submit(burst(open)));
  const double before = kilobytes_of(pid, "VmRSS:");
  const fs::path gate = place.folder() / "burst";
  const std::string run = web.submit(burst(gate));
  Audience audience(web, tokens, run);
  const double idle = kilobytes_of(pid, "VmRSS:");
  forget_peak(pid);
  (void)place.write("burst", "");
  audience.listen();
  const double peak = kilobytes_of(pid, "VmHWM:");
  const auto journal = journal_of(web, run);
  char note[120];
  std::snprintf(note, sizeof note, "of %zu, each %zu events in %.1f s; %zu resets", kListeners,
                journal.size(), audience.seconds(), audience.resets());
  report.add({"listeners to a burst who missed or doubled any",
              static_cast<double>(audience.wrong(journal)), "", "0", note});
  std::snprintf(note, sizeof note, "%.0f before, %.0f once they listened", before / 1024,
                idle / 1024);
  report.add({"memory of the server then, at most", peak / 1024, "MiB", "", note});
  report.add({"of it for the listeners", (peak - before) / 1024, "MiB", "< 200", ""});
}

void measure_steady(Report& report, const e2e::Place& place, const e2e::Web& web,
                    const std::vector<std::string>& tokens) {
  const fs::path gate = place.folder() / "steady";
  const std::string run = web.submit(steady(gate));
  Audience audience(web, tokens, run);
  (void)place.write("steady", "");
  audience.listen();
  const auto journal = journal_of(web, run);
  char note[120];
  std::snprintf(note, sizeof note, "of %zu, each %zu events", kListeners, journal.size());
  report.add({"listeners to 50 steps a second who missed or doubled any",
              static_cast<double>(audience.wrong(journal)), "", "0", note});
  if (audience.delays().empty()) return;
  std::snprintf(note, sizeof note, "p50 %.0f; the server gathers for 100",
                quantile(audience.delays(), 0.5));
  report.add({"from the journal to each of them, p99", quantile(audience.delays(), 0.99), "ms",
              "< 300", note});
}

}  // namespace

void measure_streams(Report& report) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const e2e::Place place;
  e2e::Web web(place);
  const auto tokens = make_tokens(place);
  measure_burst(report, place, web, web.process().pid(), tokens);
  measure_steady(report, place, web, tokens);
}

}  // namespace cairn::bench
