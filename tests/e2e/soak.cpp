// cairn_soak [--minutes N] [--seed S]: a server under mixed work, killed now and then, for an hour
// (the default). Prints a row each half minute, and at the end whether memory, descriptors and disk
// stayed where they were; ends with 1 if they did not, or if a run did not end as it should.
//
// It lasts by design, so it is part of the test run only when asked for: deploy/test --soak 60.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "core/base/random.h"
#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {
namespace {

constexpr std::uintmax_t kQuota = 8 << 20;  // of artifacts, in bytes

// Kinds of work; the seed keeps the cache out of some of it.
constexpr const char* kChain = R"(cairn: 1
name: chain
stages:
  a: {uses: probe.count, with: {steps: 400, checkpoint_every: 20, payload: 100}}
  b: {uses: probe.count, inputs: {before: a.total}, with: {steps: 200}}
  c: {uses: shell, inputs: {t: b.total}, with: {run: "cp $CAIRN_INPUT_T all", outputs: {all: all}}}
)";
constexpr const char* kWide = R"(cairn: 1
name: wide
defaults: {cache: false}
stages:
  a: {uses: noop, matrix: {i: "${range(500)}"}}
  b: {uses: shell, after: [a], matrix: {i: "${range(8)}"}, with: {run: "echo ${matrix.i}"}}
)";
constexpr const char* kFailing = R"(cairn: 1
name: failing
stages:
  a: {uses: shell, with: {run: "exit 3"}}
  b: {uses: noop, after: [a]}
)";

struct Kind {
  const char* file;
  const char* text;
  const char* end;
};
constexpr Kind kKinds[] = {{"chain.yaml", kChain, "succeeded"},
                           {"wide.yaml", kWide, "succeeded"},
                           {"failing.yaml", kFailing, "failed"}};

struct Sample {
  double rss_mib = 0;
  double descriptors = 0;
  double disk_mib = 0;
};

double count_entries(const fs::path& folder) {
  std::error_code ignored;
  double count = 0;
  for (fs::directory_iterator it(folder, ignored), end; it != end; it.increment(ignored)) ++count;
  return count;
}

Sample sample(const Place& place, pid_t pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  Sample now;
  std::ifstream status(process + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) now.rss_mib = std::atof(line.c_str() + 6) / 1024;
  }
  now.descriptors = count_entries(process + "/fd");
  std::error_code ignored;
  for (fs::recursive_directory_iterator it(place.state(), ignored), end; it != end;
       it.increment(ignored)) {
    if (it->is_regular_file(ignored)) now.disk_mib += static_cast<double>(it->file_size(ignored));
  }
  now.disk_mib /= 1 << 20;
  return now;
}

class Soak {
 public:
  explicit Soak(std::uint64_t seed) : random_(seed, "soak", {}) {
    for (const Kind& kind : kKinds) place_.write(kind.file, kind.text);
    serve();
  }

  bool live(std::chrono::minutes time) {
    const auto begin = std::chrono::steady_clock::now();
    auto next_sample = begin + std::chrono::seconds(30);
    std::printf("%8s %6s %6s %6s %9s %6s %9s\n", "seconds", "runs", "kills", "wrong", "RSS MiB",
                "files", "disk MiB");
    while (std::chrono::steady_clock::now() < begin + time) {
      round();
      if (std::chrono::steady_clock::now() < next_sample) continue;
      next_sample += std::chrono::seconds(30);
      samples_.push_back(sample(place_, server_->pid()));
      const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
      const Sample& now = samples_.back();
      std::printf("%8.0f %6d %6d %6d %9.1f %6.0f %9.2f\n", passed.count(), runs_, kills_, wrong_,
                  now.rss_mib, now.descriptors, now.disk_mib);
      std::fflush(stdout);
    }
    return judge();
  }

 private:
  void serve() {
    server_.reset();
    server_ = std::make_unique<Running>(
        place_, std::vector<std::string>{"serve", "--http", "localhost:0", "-o", "json"});
    (void)await_line(*server_);
  }

  // Some runs at once; in every fourth round something dies in the middle of them.
  void round() {
    std::vector<std::pair<std::unique_ptr<Running>, const Kind*>> clients;
    for (int i = 0; i < 4; ++i) {
      const Kind& kind = kKinds[random_.below(std::size(kKinds))];
      const std::string seed = std::to_string(random_.below(1'000'000));
      clients.emplace_back(
          std::make_unique<Running>(
              place_, std::vector<std::string>{"submit", kind.file, "--seed", seed, "-q"}),
          &kind);
    }
    std::vector<std::pair<std::string, const Kind*>> ids;
    for (auto& [client, kind] : clients) {
      const std::string out = client->wait().out;
      ids.emplace_back(out.substr(0, out.find('\n')), kind);
    }
    if (random_.below(4) == 0) die();
    if (random_.below(8) == 0) {
      (void)place_.run({"artifacts", "gc", "--quota", std::to_string(kQuota)});
    }
    for (const auto& [id, kind] : ids) {
      ++runs_;
      std::string status;
      (void)wait_until([&] {
        status = status_of(place_.run_json({"get", id}));
        return status != "running" && status != "pending";
      });
      // A killed host fails what has no retry: it is resumed, as a person would.
      for (int i = 0; i < 3 && status != kind->end; ++i) {
        (void)place_.run({"resume", id, "-q"});
        (void)wait_until([&] {
          status = status_of(place_.run_json({"get", id}));
          return status != "running" && status != "pending";
        });
      }
      if (status != kind->end) {
        ++wrong_;
        std::printf("run %s of %s ended %s\n", id.c_str(), kind->file, status.c_str());
      }
      (void)place_.run({"delete", id});
    }
  }

  void die() {
    ++kills_;
    pass(std::chrono::milliseconds(random_.below(300)));
    if (random_.below(2) == 0) {
      for (const pid_t host : place_.hosts()) ::kill(host, SIGKILL);
    }
    if (random_.below(2) == 0) {
      server_->signal(SIGKILL);
      server_->wait();
      serve();
    }
  }

  // The last quarter against the second: the first warms up.
  bool judge() {
    if (samples_.size() < 8) return wrong_ == 0;
    const auto most = [&](std::size_t quarter, double Sample::*what) {
      double most = 0;
      for (std::size_t i = samples_.size() * quarter / 4; i < samples_.size() * (quarter + 1) / 4;
           ++i)
        most = std::max(most, samples_[i].*what);
      return most;
    };
    bool good = wrong_ == 0;
    const auto check = [&](const char* name, double Sample::*what, double slack) {
      const double before = most(1, what);
      const double after = most(3, what);
      const bool bounded = after <= before * 1.3 + slack;
      std::printf("%-12s %9.1f in the second quarter, %9.1f in the last: %s\n", name, before, after,
                  bounded ? "bounded" : "grows");
      good = good && bounded;
    };
    check("RSS MiB", &Sample::rss_mib, 16);
    check("descriptors", &Sample::descriptors, 16);
    check("disk MiB", &Sample::disk_mib, 16);
    return good;
  }

  Place place_;
  RandomStream random_;
  std::unique_ptr<Running> server_;
  std::vector<Sample> samples_;
  int runs_ = 0;
  int kills_ = 0;
  int wrong_ = 0;
};

}  // namespace
}  // namespace cairn::e2e

int main(int argc, char** argv) {
  long minutes = 60;
  std::uint64_t seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--minutes") == 0) minutes = std::strtol(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  std::printf("seed %llu, %ld minutes\n", static_cast<unsigned long long>(seed), minutes);
  return cairn::e2e::Soak(seed).live(std::chrono::minutes(minutes)) ? 0 : 1;
}
