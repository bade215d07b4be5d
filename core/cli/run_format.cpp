#include "core/cli/run_format.h"

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/cli/output.h"

namespace cairn {
namespace {

const json::object* child(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? &value->as_object() : nullptr;
}

std::string short_number(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::general, 4);
  return {buffer.data(), end.ptr};
}

// What the last column of the table says.
std::string note(const json::object& stage) {
  if (std::string error = stage_error(stage); !error.empty()) return error;
  if (flag_of(stage, "cached")) return "reused from the cache";
  if (text_of(stage, "status") == "running") {
    const json::object* progress = child(stage, "progress");
    return progress == nullptr ? "" : progress_text(*progress);
  }
  if (const json::object* tasks = child(stage, "tasks"))
    return std::to_string(number_of(*tasks, "total")) + " tasks";
  return metrics_text(stage, 3);
}

// Of a list, the outputs of a stage with several tasks: so many are shown.
constexpr std::size_t kOutputsShown = 20;

void print_outputs(std::ostream& out, const json::object& stage) {
  const json::object* outputs = child(stage, "outputs");
  if (outputs == nullptr || outputs->empty()) return;
  Table table({{"OUTPUT"}, {"KIND"}, {"BYTES", Table::Align::kRight}, {"DIGEST"}, {"PATH"}});
  std::size_t left_out = 0;
  const auto add = [&](const std::string& name, const json::value& value) {
    if (!value.is_object()) return;
    const json::object& artifact = value.as_object();
    table.add_row({name, text_of(artifact, "kind"), format_bytes(number_of(artifact, "bytes")),
                   text_of(artifact, "digest"), text_of(artifact, "path")});
  };
  for (const auto& [name, value] : *outputs) {
    if (!value.is_array()) {
      add(std::string(name), value);
      continue;
    }
    const json::array& list = value.as_array();
    for (std::size_t i = 0; i < list.size() && i < kOutputsShown; ++i)
      add(std::string(name) + "[" + std::to_string(i) + "]", list[i]);
    if (list.size() > kOutputsShown) left_out += list.size() - kOutputsShown;
  }
  if (table.empty()) return;
  out << "\n";
  table.print(out);
  if (left_out > 0) out << "and " << left_out << " more (-o json shows all)\n";
}

// Of a stage with several tasks: how they fare, and a page of them.
void print_tasks(std::ostream& out, const json::object& stage) {
  const json::object* tasks = child(stage, "tasks");
  const json::value* list = stage.if_contains("task_list");
  if (tasks == nullptr || list == nullptr || !list->is_array()) return;
  std::string counts;
  if (const json::object* by_status = child(*tasks, "by_status")) {
    for (const auto& [status, count] : *by_status)
      counts += (counts.empty() ? "" : ", ") + json::serialize(count) + " " + std::string(status);
  }
  out << "\nTasks: " << number_of(*tasks, "total") << (counts.empty() ? "" : ": " + counts) << "\n";
  Table table({{"TASK"},
               {"STATUS"},
               {"ATTEMPTS", Table::Align::kRight},
               {"TIME", Table::Align::kRight},
               {"NOTE"}});
  for (const json::value& value : list->as_array()) {
    const json::object& task = value.as_object();
    table.add_row({text_of(task, "name"), text_of(task, "status"),
                   std::to_string(number_of(task, "attempts")), stage_duration(task), note(task)});
  }
  table.print(out);
  const std::uint64_t shown = number_of(stage, "offset") + list->as_array().size();
  if (shown < number_of(*tasks, "total")) out << "the next: --offset " << shown << "\n";
}

void print_field(std::ostream& out, const char* name, const std::string& value) {
  if (!value.empty()) out << name << ": " << printable(value) << "\n";
}

}  // namespace

std::string progress_text(const json::object& progress) {
  const std::uint64_t total = number_of(progress, "total");
  std::string text = std::to_string(number_of(progress, "done"));
  if (total > 0) text += "/" + std::to_string(total);
  if (const std::string unit = text_of(progress, "unit"); !unit.empty()) text += " " + unit;
  return text;
}

std::string stage_duration(const json::object& stage) {
  const auto from = parse_rfc3339(text_of(stage, "started_at"));
  const auto to = parse_rfc3339(text_of(stage, "finished_at"));
  if (!from.ok() || !to.ok()) return {};
  return format_duration_ms((*to - *from).count());
}

std::string stage_error(const json::object& stage) {
  const json::object* error = child(stage, "error");
  if (error == nullptr) return {};
  const std::string message = text_of(*error, "message");
  return text_of(*error, "cause") + (message.empty() ? "" : ": " + message);
}

std::string metrics_text(const json::object& stage, std::size_t most) {
  const json::object* metrics = child(stage, "metrics");
  if (metrics == nullptr) return {};
  std::vector<std::string> parts;
  for (const auto& metric : *metrics) {
    if (parts.size() == most) break;
    boost::system::error_code error;
    const double number = metric.value().to_number<double>(error);
    if (!error) parts.push_back(std::string(metric.key()) + "=" + short_number(number));
  }
  return join(parts, " ");
}

std::string local_time(const std::string& rfc3339) {
  const auto time = parse_rfc3339(rfc3339);
  if (!time.ok()) return rfc3339;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(*time);
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) return rfc3339;
  std::array<char, 32> buffer{};
  std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return buffer.data();
}

void print_stage_table(std::ostream& out, const json::object& run) {
  Table table({{"STAGE"},
               {"USES"},
               {"STATUS"},
               {"ATTEMPTS", Table::Align::kRight},
               {"TIME", Table::Align::kRight},
               {"NOTE"}});
  if (const json::value* stages = run.if_contains("stages"); stages && stages->is_array()) {
    for (const json::value& value : stages->as_array()) {
      const json::object& stage = value.as_object();
      table.add_row({text_of(stage, "name"), text_of(stage, "uses"), text_of(stage, "status"),
                     std::to_string(number_of(stage, "attempts")), stage_duration(stage),
                     note(stage)});
    }
  }
  table.print(out);
}

void print_run(std::ostream& out, const json::object& run) {
  print_field(out, "Run", text_of(run, "id"));
  print_field(out, "Name", text_of(run, "name"));
  print_field(out, "Workflow", text_of(run, "workflow"));
  print_field(out, "Status", text_of(run, "status"));
  print_field(out, "Created", local_time(text_of(run, "created_at")));
  print_field(out, "Time", stage_duration(run));
  print_field(out, "Seed", std::to_string(number_of(run, "seed")));
  if (const json::object* params = child(run, "params")) {
    for (const auto& param : *params) {
      const std::string name = "  " + std::string(param.key());
      print_field(out, name.c_str(), json_text(param.value()));
    }
  }
  out << "\n";
  print_stage_table(out, run);
}

void print_stage(std::ostream& out, const json::object& stage) {
  for (const auto& [title, key] :
       {std::pair{"Stage", "name"}, {"Uses", "uses"}, {"Status", "status"}}) {
    print_field(out, title, text_of(stage, key));
  }
  print_field(out, "Attempts", std::to_string(number_of(stage, "attempts")));
  print_field(out, "Started", local_time(text_of(stage, "started_at")));
  print_field(out, "Time", stage_duration(stage));
  if (flag_of(stage, "cached")) print_field(out, "Cached", "yes, reused from an earlier run");
  print_field(out, "Error", stage_error(stage));
  if (const json::object* progress = child(stage, "progress")) {
    print_field(out, "Progress", progress_text(*progress));
  }
  if (const json::object* metrics = child(stage, "metrics"); metrics && !metrics->empty()) {
    Table table({{"METRIC"}, {"LAST", Table::Align::kRight}});
    for (const auto& metric : *metrics) {
      table.add_row({std::string(metric.key()), json_text(metric.value())});
    }
    out << "\n";
    table.print(out);
  }
  print_outputs(out, stage);
  print_tasks(out, stage);
}

void print_saving(std::ostream& out, const json::array& stages) {
  double seconds = 0;
  double gpu_seconds = 0;
  for (const json::value& stage : stages) {
    const json::object* saved = child(stage.as_object(), "saved");
    if (saved == nullptr) continue;
    seconds += saved->at("seconds").to_number<double>();
    gpu_seconds += saved->at("gpu_seconds").to_number<double>();
  }
  if (seconds < 60) return;
  out << "\nwhat is reused took " << format_duration_ms(std::llround(seconds * 1000)) << " to make";
  if (gpu_seconds > 0)
    out << ", " << format_duration_ms(std::llround(gpu_seconds * 1000)) << " of GPUs";
  out << "\n";
}

ExitCode print_row(const Cli& cli, const json::object& run) {
  const std::string id = text_of(run, "id");
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, run);
  } else if (cli.options.output == OutputFormat::kName) {
    *cli.out << id << "\n";
  } else if (!cli.options.quiet) {
    *cli.out << "run " << id << " " << text_of(run, "status") << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace cairn
