// bench_reading [--folder DIR] [--json FILE]: what it costs to look into a log of 1 GB, a million
// points of eight metrics and a million records, beside reading the same bytes. No test: it prints
// numbers beside their limits. The files, 2 GB in all, go to a folder of its own below DIR, the
// temporary folder by default, and are removed.
#include <fcntl.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "core/sdk/runtime/metric_log.h"
#include "core/server/reading/log_merge.h"
#include "core/server/reading/log_page.h"
#include "core/server/reading/metric_series.h"
#include "core/server/reading/record_page.h"
#include "tests/bench/report.h"

namespace cairn::bench {
namespace {

constexpr std::uint64_t kLogBytes = 1'000'000'000;
constexpr std::size_t kLongLine = 100'000'000;
constexpr std::int64_t kSteps = 1'000'000;
constexpr int kMetrics = 8;
constexpr int kRecords = 1'000'000;
constexpr double kOpenLog = 1000;   // ms
constexpr double kOpenChart = 500;  // ms
constexpr double kOneCall = 250;    // ms, of a call that may work for 200
constexpr double kLogMemory = 50;   // MB
constexpr int kRounds = 5;

// Written a piece at a time.
class Writer {
 public:
  explicit Writer(const fs::path& file) : out_(file, std::ios::binary) {}
  ~Writer() { out_ << text_; }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  void add(const std::string& text) {
    text_ += text;
    written_ += text.size();
    if (text_.size() < (std::size_t{4} << 20)) return;
    out_ << text_;
    text_.clear();
  }
  [[nodiscard]] std::uint64_t written() const { return written_; }

 private:
  std::ofstream out_;
  std::string text_;
  std::uint64_t written_ = 0;
};

double milliseconds(const std::function<void()>& work) {
  const double begin = now_seconds();
  work();
  return (now_seconds() - begin) * 1e3;
}

double median_ms(const std::function<void()>& work) {
  std::vector<double> times;
  for (int round = 0; round < kRounds; ++round) times.push_back(milliseconds(work));
  return median(times);
}

double status_mb(const char* key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key)) return std::strtod(line.c_str() + std::strlen(key), nullptr) / 1024;
  return 0;
}

// By how much the process grew at its largest within the work.
double growth_mb(const std::function<void()>& work) {
  std::ofstream("/proc/self/clear_refs") << "5";  // the largest size so far is the one now
  const double before = status_mb("VmRSS:");
  work();
  return status_mb("VmHWM:") - before;
}

void add_row(Report& report, const std::string& name, double value, const std::string& unit,
             double limit, const std::string& beside = "") {
  char goal[32] = "";
  if (limit > 0) std::snprintf(goal, sizeof goal, "<= %.0f", limit);
  report.add({name, value, unit, goal, beside});
}

// Every byte read and its lines counted: what no reader of the whole can be faster than.
double read_all_ms(const fs::path& file) {
  return milliseconds([&] {
    const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    std::string block(std::size_t{1} << 20, '\0');
    std::uint64_t lines = 0;
    for (std::uint64_t at = 0;;) {
      const std::size_t got = read_at(fd.get(), at, block.data(), block.size()).value();
      if (got == 0) break;
      at += got;
      const char* begin = block.data();
      const char* const end = begin + got;
      while (const void* found = std::memchr(begin, '\n', static_cast<std::size_t>(end - begin))) {
        ++lines;
        begin = static_cast<const char*>(found) + 1;
      }
    }
    if (lines == 0) std::printf("no lines in %s\n", file.c_str());
  });
}

std::string beside(double ms) {
  char text[64];
  std::snprintf(text, sizeof text, "reading all of it: %.0f ms", ms);
  return text;
}

json::object must(Result<json::object> result) {
  if (result.ok()) return std::move(*result);
  std::printf("failed: %s\n", result.error().to_string().c_str());
  std::exit(1);
}

void bench_log(Report& report, const fs::path& folder) {
  const TaskFolder task{folder / "runs" / "r" / "log"};
  const fs::path file = task.attempt(1).output_log();
  fs::create_directories(file.parent_path());
  std::uint64_t lines = 0;
  std::uint64_t long_at = 0;
  {
    Writer writer(file);
    while (writer.written() < kLogBytes) {
      if (long_at == 0 && writer.written() > kLogBytes / 2) {
        long_at = ++lines;
        writer.add(std::string(kLongLine, 'x') + "\n");
      }
      writer.add("step " + std::to_string(++lines) +
                 " loss 0.6931 reward 0.25 tokens 40960 seconds 1.25 memory 61.5 GiB of 80\n");
    }
  }
  (void)read_all_ms(file);
  const double all = read_all_ms(file);
  const auto open = [&](const char* name, LogPageRequest request) {
    request.source = LogSource::kOutput;
    double ms = 0;
    const double grown = growth_mb([&] {
      ms = median_ms([&] {
        Indexes indexes(folder);
        const json::object page = must(log_page(indexes, task, request));
        if (page.at("items").as_array().empty()) std::printf("an empty page: %s\n", name);
      });
    });
    add_row(report, std::string("log of 1 GB, nothing known of it: ") + name, ms, "ms", kOpenLog,
            beside(all));
    add_row(report, "  the process grows by", grown, "MB", kLogMemory);
  };
  open("its beginning", {});
  LogPageRequest request;
  request.backwards = true;
  open("its end", request);
  request = {};
  for (const auto& [name, line] : {std::pair{"a line in the middle", lines / 3},
                                   {"the line of 100 MB", long_at},
                                   {"its last line", lines}}) {
    request.line = line;
    open(name, request);
  }
  Indexes indexes(folder);
  const double grown = growth_mb([&] {
    for (const auto& [text, regex] :
         {std::pair{"nowhere to be found", false}, {"loss [1-9]\\.[0-9]+ reward", true}}) {
      LogSearchRequest search;
      search.source = LogSource::kOutput;
      search.text = {text, regex, false};
      double longest = 0;
      double total = 0;
      for (bool over = false; !over;) {
        json::object found;
        const double ms = milliseconds([&] { found = must(log_search(indexes, task, search)); });
        longest = std::max(longest, ms);
        total += ms;
        over = found.at("next").is_null();
        if (!over) search.cursor = found.at("next").as_string();
      }
      add_row(report, std::string("search through all of it, ") + (regex ? "a pattern" : "a text"),
              total, "ms", 0, beside(all));
      add_row(report, "  its longest call", longest, "ms", kOneCall);
    }
  });
  add_row(report, "  the process grows by", grown, "MB", kLogMemory);
  fs::remove_all(task.root);
}

void bench_merged(Report& report, const fs::path& folder) {
  constexpr int kTasks = 1000;
  constexpr int kLines = 1000;
  MergedLogRequest request;
  request.run_folder = folder / "runs" / "merged";
  request.stages = {"task"};
  for (int task = 0; task < kTasks; ++task) {
    const TaskFolder own{request.run_folder / ("task@" + std::to_string(task))};
    fs::create_directories(own.attempt(1).root);
    Writer writer(own.attempt(1).log());
    for (int i = 0; i < kLines; ++i)
      writer.add(
          json::serialize(json::object{
              {"time", format_rfc3339(WallTime(Duration(1'790'000'000'000 + i * 1000 + task)))},
              {"level", "info"},
              {"message", "checkpoint at step " + std::to_string(i) + " saved"}}) +
          "\n");
  }
  const auto open = [&](const char* name) {
    json::object page;
    add_row(report, std::string("1,000 logs as one: ") + name,
            median_ms([&] { page = must(merged_log_page(system_clock(), request)); }), "ms",
            kOpenLog);
    return page;
  };
  (void)open("the beginning");
  request.backwards = true;
  const json::object last = open("the end");
  request.cursor = last.at("previous").as_string();
  (void)open("the page before it");
  fs::remove_all(request.run_folder);
}

void bench_metrics(Report& report, const fs::path& folder) {
  const TaskFolder task{folder / "runs" / "r" / "metrics"};
  const fs::path file = task.attempt(1).metrics();
  fs::create_directories(file.parent_path());
  std::vector<std::string> names;
  for (int i = 0; i < kMetrics; ++i) names.push_back("train/metric_" + std::to_string(i));
  {
    Writer writer(file);
    for (std::int64_t step = 0; step < kSteps; ++step) {
      for (const std::string& name : names) {
        std::string line =
            R"({"name":")" + name + R"(","step":)" + std::to_string(step) + ",\"value\":";
        append_number(std::sin(static_cast<double>(step) / 1000) + static_cast<double>(step % 7),
                      line);
        writer.add(line + "}\n");
      }
    }
  }
  (void)read_all_ms(file);
  const double all = read_all_ms(file);
  MetricSeriesRequest request;
  request.names = names;
  double first = 0;
  double longest = 0;
  int calls = 0;
  std::size_t held = 0;
  const double grown = growth_mb([&] {
    Indexes indexes(folder);
    for (bool over = false; !over; ++calls) {
      json::object shown;
      const double ms = milliseconds([&] { shown = must(metric_series(indexes, task, request)); });
      first += ms;
      longest = std::max(longest, ms);
      over = !shown.contains("counting");
    }
    held = indexes.memory();
  });
  add_row(report, "8 metrics of 1e6 points, read for the first time", first, "ms", 0, beside(all));
  add_row(report, "  in calls", calls, "", 0);
  add_row(report, "  the longest of them", longest, "ms", kOpenChart);
  add_row(report, "  the process grows by", grown, "MB", 0);
  add_row(report, "  held in memory", static_cast<double>(held) / 1e6, "MB", 0);
  add_row(report, "  kept beside the file",
          static_cast<double>(fs::file_size(file.parent_path() / "metrics.index")) / 1e6, "MB", 0);
  for (std::int64_t range = kSteps; range >= 100; range /= 10) {
    request.step_first = (kSteps - range) / 2;
    request.step_last = *request.step_first + range - 1;
    std::size_t bytes = 0;
    const double cold = median_ms([&] {
      Indexes fresh(folder);
      bytes = json::serialize(must(metric_series(fresh, task, request))).size();
    });
    Indexes indexes(folder);
    (void)must(metric_series(indexes, task, request));
    const double warm = median_ms([&] { (void)must(metric_series(indexes, task, request)); });
    add_row(report, "  chart of " + std::to_string(range) + " steps, from what is kept", cold, "ms",
            kOpenChart);
    add_row(report, "    and again", warm, "ms", kOpenChart,
            std::to_string(bytes / 1000) + " kB of JSON");
  }
  Indexes indexes(folder);
  add_row(report, "  their names", median_ms([&] { (void)must(metric_names(indexes, task)); }),
          "ms", kOpenChart);
  fs::remove_all(task.root);
}

void bench_records(Report& report, const fs::path& folder) {
  const fs::path file = folder / "records";
  {
    Writer writer(file);
    for (int i = 0; i < kRecords; ++i)
      writer.add(R"({"id":"rec-)" + std::to_string(i) + R"(","task":")" +
                 (i % 1000 == 999 ? "dialogue" : "multihop") + R"(","question":")" +
                 std::string(200, 'q') +
                 R"(","answer":["a\nb"],"score":0.5})"
                 "\n");
  }
  (void)read_all_ms(file);
  const double all = read_all_ms(file);
  const ContentStore store(folder / "store");
  RecordPageRequest request;
  request.place.digest = ContentStore(folder / "store").publish(file).value().digest;
  const auto open = [&](const char* name, double limit) {
    double ms = 0;
    const double grown = growth_mb([&] {
      ms = median_ms([&] {
        Indexes indexes(folder);
        (void)must(record_page(indexes, store, request));
      });
    });
    add_row(report, std::string("1e6 records, nothing known of them: ") + name, ms, "ms", limit,
            beside(all));
    add_row(report, "  the process grows by", grown, "MB", kLogMemory);
  };
  open("the first", kOpenLog);
  request.number = kRecords / 2;
  open("by number, in the middle", kOpenLog);
  request.number = kRecords - 1;
  open("by number, the last", kOpenLog);
  request.number.reset();
  const auto search = [&](const char* name) {
    Indexes indexes(folder);
    double longest = 0;
    double total = 0;
    std::size_t found = 0;
    for (bool over = false; !over;) {
      json::object page;
      const double ms = milliseconds([&] { page = must(record_page(indexes, store, request)); });
      longest = std::max(longest, ms);
      total += ms;
      found += page.at("records").as_array().size();
      over = page.at("next").is_null() || (!request.id.empty() && found > 0);
      if (!over) request.cursor = page.at("next").as_string();
    }
    add_row(report, std::string("1e6 records: ") + name, total, "ms", 0, beside(all));
    add_row(report, "  its longest call", longest, "ms", kOneCall);
    add_row(report, "  found", static_cast<double>(found), "", 0);
    request.cursor.clear();
  };
  request.limit = 1;
  request.id = "rec-" + std::to_string(kRecords - 1);
  search("the last by id");
  request.id.clear();
  request.limit = kMostRecords;
  request.equal = {{"task", "dialogue"}};
  search("all 1,000 of a task");
  request.equal.clear();
  request.text = SearchText{"nowhere to be found"};
  search("a text that is in none");
}

int run(const std::vector<std::string>& words) {
  fs::path parent = fs::temp_directory_path();
  std::string json_file;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--folder") parent = words[i + 1];
    if (words[i] == "--json") json_file = words[i + 1];
  }
  const auto folder = make_private_folder(parent, "cairn-bench-reading-");
  if (!folder.ok()) {
    std::printf("%s\n", folder.error().to_string().c_str());
    return 1;
  }
  Report report;
  bench_log(report, *folder);
  bench_merged(report, *folder);
  bench_metrics(report, *folder);
  bench_records(report, *folder);
  std::error_code ignored;
  fs::permissions(*folder / "store", fs::perms::owner_all, fs::perm_options::add, ignored);
  fs::remove_all(*folder, ignored);
  if (!json_file.empty()) report.write_json(json_file);
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) {
  return cairn::bench::run(std::vector<std::string>(argv + 1, argv + argc));
}
