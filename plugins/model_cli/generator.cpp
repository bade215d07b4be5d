#include "plugins/model_cli/generator.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "plugins/lib/model/compat.h"

namespace cairn::model {

class Generator::Impl {
 public:
  Impl(const CausalLm& model, GeneratorOptions options)
      : model_(model), options_(std::move(options)) {
    options_.engine.on_token = [this](const TokenEvent& event) { on_token(event); };
  }

  Result<void> start() {
    CAIRN_ASSIGN(Engine engine, Engine::create(model_, options_.engine));
    engine_.emplace(std::move(engine));
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::exception& error) {
      return make_error(ErrorCode::kUnavailable,
                        std::string("cannot start the thread that generates: ") + error.what());
    }
    return {};
  }

  ~Impl() {
    cancel_all();
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    work_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Result<CallId> submit(std::vector<Request> requests, CallEvents events) {
    const std::lock_guard lock(mutex_);
    if (closed_) return make_error(ErrorCode::kUnavailable, "the server is stopping");
    if (open_ >= options_.max_calls) {
      return make_error(ErrorCode::kResourceExhausted,
                        std::to_string(open_) + " calls wait or run already", "try again later");
    }
    ++open_;
    const CallId id = next_++;
    arrived_.push_back({id, std::move(requests), std::move(events)});
    work_.notify_all();
    return id;
  }

  void cancel(CallId call) {
    const std::lock_guard lock(mutex_);
    cancelled_.insert(call);
    work_.notify_all();
  }

  void cancel_all() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    cancelled_.insert(live_ids_.begin(), live_ids_.end());
    for (const Arrival& arrival : arrived_) cancelled_.insert(arrival.id);
    work_.notify_all();
  }

 private:
  struct Arrival {
    CallId id;
    std::vector<Request> requests;
    CallEvents events;
  };
  struct Live {
    std::vector<RequestId> requests;
    CallEvents events;
  };

  // Takes what came, makes one step, hands out what is done; waits when there is nothing to do.
  void run() {
    fix_threads(options_.threads);
    bool busy = false;
    for (;;) {
      std::vector<Arrival> arrived;
      std::set<CallId> cancelled;
      {
        std::unique_lock lock(mutex_);
        work_.wait(lock,
                   [&] { return busy || ending_ || !arrived_.empty() || !cancelled_.empty(); });
        if (ending_ && !busy && arrived_.empty() && live_.empty()) return;
        arrived.swap(arrived_);
        cancelled.swap(cancelled_);
        for (const Arrival& arrival : arrived) live_ids_.insert(arrival.id);
      }
      for (Arrival& arrival : arrived) admit(std::move(arrival));
      for (const CallId call : cancelled) cancel_live(call);
      const Result<bool> stepped = engine_->step();
      if (!stepped.ok()) {
        start_again(stepped.error());
        busy = false;
        continue;
      }
      busy = *stepped;
      hand_out();
    }
  }

  void admit(Arrival arrival) {
    Live live{{}, std::move(arrival.events)};
    for (Request& request : arrival.requests) {
      auto id = engine_->submit(std::move(request));
      if (!id.ok()) {
        for (const RequestId other : live.requests) {
          engine_->cancel(other);
          calls_.erase(other);
          dropped_.push_back(other);
        }
        // What never fits is wrong of the call, not of the hour.
        Error error = std::move(id).error();
        error.code = ErrorCode::kInvalidArgument;
        return end(arrival.id, live.events, std::move(error));
      }
      calls_[*id] = {arrival.id, live.requests.size()};
      live.requests.push_back(*id);
    }
    live_.emplace(arrival.id, std::move(live));
  }

  void cancel_live(CallId call) {
    const auto found = live_.find(call);
    if (found == live_.end()) return;
    for (const RequestId request : found->second.requests) engine_->cancel(request);
  }

  void on_token(const TokenEvent& event) {
    const auto place = calls_.find(event.request);
    if (place == calls_.end()) return;
    const auto [call, index] = place->second;
    const CallEvents& events = live_.at(call).events;
    if (events.token && !events.token(index, event)) cancel(call);
  }

  void hand_out() {
    std::erase_if(dropped_, [&](RequestId request) {
      if (!engine_->done(request)) return false;
      (void)engine_->take(request);
      return true;
    });
    for (auto it = live_.begin(); it != live_.end();) {
      Live& live = it->second;
      const auto done = [&](RequestId request) { return engine_->done(request); };
      if (!std::ranges::all_of(live.requests, done)) {
        ++it;
        continue;
      }
      std::vector<std::vector<Completion>> completions;
      for (const RequestId request : live.requests) {
        completions.push_back(engine_->take(request));
        calls_.erase(request);
      }
      end(it->first, live.events, std::move(completions));
      it = live_.erase(it);
    }
  }

  // An engine that failed is of no further use; the next calls get a new one.
  void start_again(Error error) {
    if (error.code == ErrorCode::kResourceExhausted) error.code = ErrorCode::kUnavailable;
    calls_.clear();
    dropped_.clear();
    for (auto& [call, live] : std::exchange(live_, {})) end(call, live.events, error);
    engine_.reset();
    auto engine = Engine::create(model_, options_.engine);
    engine_.emplace(std::move(engine).value());
  }

  void end(CallId call, const CallEvents& events,
           Result<std::vector<std::vector<Completion>>> result) {
    {
      const std::lock_guard lock(mutex_);
      --open_;
      live_ids_.erase(call);
    }
    events.done(std::move(result));
  }

  const CausalLm& model_;
  GeneratorOptions options_;
  std::thread thread_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::vector<Arrival> arrived_;
  std::set<CallId> cancelled_;
  std::set<CallId> live_ids_;
  CallId next_ = 0;
  std::size_t open_ = 0;
  bool closed_ = false;
  bool ending_ = false;

  // Of the thread alone.
  std::optional<Engine> engine_;
  std::map<CallId, Live> live_;
  std::map<RequestId, std::pair<CallId, std::size_t>> calls_;
  std::vector<RequestId> dropped_;  // of calls that were refused half-way
};

Generator::Generator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Generator::~Generator() = default;

Result<std::unique_ptr<Generator>> Generator::start(const CausalLm& model,
                                                    GeneratorOptions options) {
  auto impl = std::make_unique<Impl>(model, std::move(options));
  CAIRN_TRY(impl->start());
  return std::unique_ptr<Generator>(new Generator(std::move(impl)));
}

Result<CallId> Generator::submit(std::vector<Request> requests, CallEvents events) {
  return impl_->submit(std::move(requests), std::move(events));
}

void Generator::cancel(CallId call) {
  impl_->cancel(call);
}

void Generator::cancel_all() {
  impl_->cancel_all();
}

}  // namespace cairn::model
