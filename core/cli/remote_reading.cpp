#include "core/cli/remote_reading.h"

#include <algorithm>
#include <map>

#include "core/base/boundary.h"
#include "core/base/text.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/server/reading/metric_stats.h"
#include "core/server/reading/open_file.h"
#include "core/server/reading/whole_number.h"

namespace cairn {
namespace {

constexpr std::uint32_t kPage = 1000;

// The tasks that a target names and that began, in plan order.
Result<std::vector<std::string>> tasks_of(RemoteRuns& server, const RunTarget& target) {
  const std::size_t at = target.stage.ends_with(']') ? std::string::npos : target.stage.rfind('@');
  const std::string stage = target.stage.substr(0, at);
  std::optional<std::uint64_t> number;
  if (at != std::string::npos) {
    number = number_in<std::uint64_t>(std::string_view(target.stage).substr(at + 1));
    if (!number)
      return invalid_argument("'" + printable(target.stage) + "' names no task",
                              "write STAGE@NUMBER or STAGE[LABEL]");
  }
  // One that is not there is told with the nearest name.
  if (!stage.empty()) CAIRN_TRY(server.get_stage(target.run, stage, {0, 1}));
  std::vector<std::string> names;
  v1::ListTasksRequest request;
  request.set_run(target.run);
  request.set_limit(kPage);
  request.set_q(stage);
  for (;;) {
    CAIRN_ASSIGN(const json::object page, server.ask(request));
    CAIRN_ASSIGN(const json::array* rows, get_array(page, "tasks"));
    for (const json::value& value : *rows) {
      const json::object& row = value.as_object();
      const std::string name = text_of(row, "name");
      const bool meant = stage.empty() || name == stage || name.starts_with(stage + "[");
      if (!meant || (number && number_of(row, "task") != *number)) continue;
      if (number_of(row, "attempts") > 0) names.push_back(name);
    }
    if (!page.contains("next_cursor")) return names;
    CAIRN_ASSIGN(const std::string next, get_string(page, "next_cursor"));
    request.set_cursor(next);
  }
}

// Prints what logs gained since the last look.
class RemoteLogs {
 public:
  RemoteLogs(const Cli& cli, RemoteRuns& server, const RemoteLogWish& wish)
      : cli_(cli), server_(server), wish_(wish) {}

  Result<void> print() {
    CAIRN_ASSIGN(const auto tasks, tasks_of(server_, wish_.target));
    if (wish_.after.attempt > 0 && tasks.size() > 1)
      return invalid_argument("--after is a place in the logs of one task",
                              "name it: RUN/STAGE, or RUN/STAGE[LABEL] of several");
    for (const std::string& task : tasks) {
      CAIRN_ASSIGN(const json::object head, server_.ask(request_for(task, 0, "log")));
      CAIRN_ASSIGN(const json::array* attempts, get_array(head, "attempts"));
      for (const json::value& value : *attempts) {
        const auto attempt = value.to_number<std::uint32_t>();
        if (attempt < wish_.after.attempt) continue;
        if (wish_.tail && &value != &attempts->back()) continue;
        CAIRN_TRY(print_attempt(task, attempt));
      }
    }
    cli_.out->flush();
    return {};
  }

 private:
  struct Offsets {
    std::uint64_t log = 0;
    std::uint64_t output = 0;
  };

  [[nodiscard]] v1::ReadLogRequest request_for(const std::string& task, std::uint32_t attempt,
                                               const char* source) const {
    v1::ReadLogRequest request;
    request.set_run(wish_.target.run);
    request.set_stage(task);
    request.set_attempt(attempt);
    request.set_source(source);
    request.set_limit(attempt == 0 ? 1 : kPage);
    return request;
  }

  Result<void> print_attempt(const std::string& task, std::uint32_t attempt) {
    auto [entry, fresh] = offsets_.try_emplace({task, attempt});
    Offsets& offsets = entry->second;
    if (fresh && attempt == wish_.after.attempt)
      offsets = {wish_.after.offset, wish_.after.output_offset};
    const bool from_end = fresh && wish_.tail && attempt != wish_.after.attempt;
    for (const char* source : {"output", "log"}) {
      std::uint64_t& offset = std::string_view(source) == "log" ? offsets.log : offsets.output;
      if (from_end) CAIRN_TRY(go_to_tail(request_for(task, attempt, source), offset));
      CAIRN_TRY(print_source(task, attempt, source, offsets, offset));
    }
    return {};
  }

  Result<void> go_to_tail(v1::ReadLogRequest request, std::uint64_t& offset) const {
    request.set_backwards(true);
    for (std::uint64_t left = *wish_.tail; left > 0;) {
      request.set_limit(static_cast<std::uint32_t>(std::min<std::uint64_t>(left, kPage)));
      CAIRN_ASSIGN(const json::object page, server_.ask(request));
      CAIRN_ASSIGN(const json::array* items, get_array(page, "items"));
      if (items->empty()) return {};
      offset = number_of(items->front().as_object(), "offset");
      left -= std::min<std::uint64_t>(left, items->size());
      if (flag_of(page, "at_begin")) return {};
      request.set_cursor(text_of(page, "previous"));
    }
    return {};
  }

  Result<void> print_source(const std::string& task, std::uint32_t attempt, const char* source,
                            Offsets& offsets, std::uint64_t& offset) {
    v1::ReadLogRequest request = request_for(task, attempt, source);
    for (;;) {
      request.set_cursor(std::to_string(attempt) + ":" + std::to_string(offset));
      CAIRN_ASSIGN(const json::object page, server_.ask(request));
      CAIRN_ASSIGN(const json::array* items, get_array(page, "items"));
      const std::uint64_t before = offset;
      for (const json::value& item : *items) {
        const json::object& line = item.as_object();
        // One that is being written is waited for.
        if (wish_.follow && flag_of(line, "partial")) continue;
        offset = number_of(line, "end");
        print_line(task, attempt, source, offsets, line);
      }
      if (flag_of(page, "at_end") || offset == before || !cli_.out->good()) return {};
    }
  }

  void print_line(const std::string& task, std::uint32_t attempt, const char* source,
                  const Offsets& offsets, const json::object& line) const {
    std::string text = text_of(line, "text");
    if (const std::uint64_t all = number_of(line, "cut"); all > 0)
      text += " ... (cut: the line has " + format_bytes(all) + ")";
    const std::string time = text_of(line, "time");
    if (cli_.options.output == OutputFormat::kJson) {
      json::object object{{"task", task},
                          {"attempt", attempt},
                          {"cursor", std::to_string(attempt) + ":" + std::to_string(offsets.log) +
                                         "+" + std::to_string(offsets.output)},
                          {"source", source}};
      if (!time.empty()) object["time"] = time;
      if (const std::string level = text_of(line, "level"); !level.empty()) object["level"] = level;
      object["message"] = text;
      *cli_.out << json::serialize(object) << "\n";
      return;
    }
    *cli_.out << printable(task) << "  ";
    if (!time.empty()) *cli_.out << local_time(time) << " " << text_of(line, "level") << " ";
    *cli_.out << printable(text) << "\n";
  }

  const Cli& cli_;
  RemoteRuns& server_;
  const RemoteLogWish& wish_;
  std::map<std::pair<std::string, std::uint32_t>, Offsets> offsets_;
};

// A number, or the word of one that is none.
std::string number_text(const json::object& metric, const char* member) {
  const json::value* value = metric.if_contains(member);
  if (value == nullptr || value->is_null()) return "-";
  return value->is_string() ? std::string(value->as_string())
                            : metric_text(value->to_number<double>());
}

Result<void> fetch_file(RemoteRuns& server, const v1::ReadArtifactRequest& request,
                        const fs::path& to) {
  if (to.has_parent_path()) CAIRN_TRY(real_file_system().make_directories(to.parent_path()));
  CAIRN_ASSIGN(const auto file, real_file_system().open_append(to));
  return server.read(request, [&](std::string_view bytes) { return file->append(bytes); });
}

Result<void> fetch_files(RemoteRuns& server, const Digest& digest, const fs::path& to) {
  v1::ArtifactRequest request;
  request.set_digest(digest);
  request.set_limit(kPage);
  for (;;) {
    CAIRN_ASSIGN(const json::object page, server.ask(request));
    CAIRN_ASSIGN(const json::array* files, get_array(page, "files"));
    if (flag_of(page, "folder")) CAIRN_TRY(real_file_system().make_directories(to));
    for (const json::value& file : *files) {
      v1::ReadArtifactRequest wanted;
      wanted.set_digest(digest);
      const std::string name = text_of(file.as_object(), "name");
      wanted.set_file(name);
      // Another machine's word for where to write.
      if (!name.empty() && !is_file_name_below(name))
        return corrupt("the engine names a file '" + printable(name) + "' in " + digest);
      CAIRN_TRY(fetch_file(server, wanted, name.empty() ? to : to / name));
    }
    const std::string next = text_of(page, "next");
    if (next.empty()) return {};
    request.set_after(next);
  }
}

}  // namespace

Result<void> print_remote_logs(const Cli& cli, RemoteRuns& server, const RemoteLogWish& wish) {
  RemoteLogs logs(cli, server, wish);
  if (!wish.follow) return logs.print();
  Result<void> printed = logs.print();
  if (!printed.ok()) return printed;
  CAIRN_TRY(
      server.watch(wish.target.run, {kNoEvents, true, true, std::nullopt}, [&](const WatchEvent&) {
        printed = logs.print();
        return printed.ok() && cli.out->good();
      }));
  return printed.ok() ? logs.print() : printed;
}

Result<void> print_remote_metrics(const Cli& cli, RemoteRuns& server, const RunTarget& target,
                                  const std::vector<std::string>& names) {
  Table table({{"TASK"},
               {"METRIC"},
               {"POINTS", Table::Align::kRight},
               {"STEP", Table::Align::kRight},
               {"LAST", Table::Align::kRight},
               {"MIN", Table::Align::kRight},
               {"MAX", Table::Align::kRight}});
  CAIRN_ASSIGN(const auto tasks, tasks_of(server, target));
  for (const std::string& task : tasks) {
    v1::ListMetricsRequest request;
    request.set_run(target.run);
    request.set_stage(task);
    json::object list;
    do {
      CAIRN_ASSIGN(list, server.ask(request));
    } while (list.contains("counting"));
    CAIRN_ASSIGN(const json::array* metrics, get_array(list, "metrics"));
    for (const json::value& value : *metrics) {
      const json::object& metric = value.as_object();
      const std::string name = text_of(metric, "name");
      if (!names.empty() && std::ranges::find(names, name) == names.end()) continue;
      if (cli.options.output == OutputFormat::kName) {
        *cli.out << printable(name) << "\n";
        continue;
      }
      table.add_row({task, name, std::to_string(number_of(metric, "count")),
                     number_text(metric, "step_max"), number_text(metric, "last"),
                     number_text(metric, "min"), number_text(metric, "max")});
    }
  }
  if (cli.options.output == OutputFormat::kTable) table.print(*cli.out);
  return {};
}

Result<void> fetch_artifact(RemoteRuns& server, const Digest& digest, const fs::path& destination) {
  const PersistenceBoundary boundary(Boundary::kExport);
  FileSystem& files = real_file_system();
  const fs::path unfinished = destination.string() + ".unfinished";
  CAIRN_TRY(files.remove_all(unfinished));
  CAIRN_TRY(fetch_files(server, digest, unfinished));
  CAIRN_ASSIGN(const ContentId found, identify_content(unfinished));
  if (found.digest != digest)
    return corrupt("what the engine sent has the digest " + found.digest + ", not " + digest,
                   "try it again; `cairn doctor` on the engine's machine checks its store");
  CAIRN_TRY(files.sync_tree(unfinished));
  return files.rename(unfinished, destination);
}

}  // namespace cairn
