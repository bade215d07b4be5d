#include "core/cli/run_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "core/cli/run_format.h"
#include "core/cli/terminal_text.h"

namespace cairn {
namespace {

constexpr std::size_t kBarCells = 24;

std::string bar(std::uint64_t done, std::uint64_t total) {
  const std::size_t filled =
      total == 0 ? 0 : static_cast<std::size_t>(std::min(done, total) * kBarCells / total);
  std::string text;
  for (std::size_t i = 0; i < kBarCells; ++i) text += i < filled ? "█" : "░";
  return text;
}

// Cut to the terminal's width, so that a bar is always one line.
std::string cut(const std::string& text, int columns) {
  std::string kept;
  int width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (starts && ++width >= columns) break;
    kept += text[i];
  }
  return kept;
}

}  // namespace

RunDisplay make_display(const Cli& cli) {
  auto mode = RunDisplay::Mode::kLines;
  int columns = 100;
  if (cli.options.quiet) {
    mode = RunDisplay::Mode::kSilent;
  } else if (cli.environment.err_is_terminal) {
    mode = RunDisplay::Mode::kBars;
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) columns = size.ws_col;
  }
  return {*cli.err, mode, columns};
}

void RunDisplay::clear() {
  if (bar_lines_ == 0) return;
  err_ << "\x1b[" << bar_lines_ << "A\x1b[J" << std::flush;
  bar_lines_ = 0;
}

void RunDisplay::announce(const json::object& stage) {
  const std::string status = text_of(stage, "status");
  std::string line = text_of(stage, "name");
  if (status == "running") {
    if (mode_ == Mode::kBars) return;  // its bar says so
    line += ": started";
    if (const auto attempts = number_of(stage, "attempts"); attempts > 1) {
      line += " (attempt " + std::to_string(attempts) + ")";
    }
  } else if (status == "succeeded") {
    line += flag_of(stage, "cached") ? ": reused from the cache"
                                     : ": succeeded in " + stage_duration(stage);
  } else {
    line += ": " + status;
    if (const std::string error = stage_error(stage); !error.empty()) line += ": " + error;
  }
  err_ << terminal_text(line) << "\n";
}

std::string RunDisplay::bar_line(const json::object& stage, std::size_t name_width) const {
  std::string line = text_of(stage, "name");
  line.resize(std::max(name_width, line.size()), ' ');
  const json::value* progress = stage.if_contains("progress");
  if (progress == nullptr || !progress->is_object())
    return cut(terminal_text(line) + "  starting", columns_);
  const json::object& numbers = progress->as_object();
  const std::uint64_t done = number_of(numbers, "done");
  const std::uint64_t total = number_of(numbers, "total");
  line += "  " + bar(done, total) + "  " + progress_text(numbers);
  if (const std::string metrics = metrics_text(stage, 3); !metrics.empty()) line += "  " + metrics;
  return cut(terminal_text(line), columns_);
}

void RunDisplay::update(const json::object& run) {
  if (mode_ == Mode::kSilent) return;
  const json::value* stages = run.if_contains("stages");
  if (stages == nullptr || !stages->is_array()) return;
  clear();
  std::vector<const json::object*> running;
  std::size_t width = 0;
  for (const json::value& value : stages->as_array()) {
    const json::object& stage = value.as_object();
    const std::string name = text_of(stage, "name");
    const std::string status = text_of(stage, "status");
    std::string& told = shown_[name];
    if (told != status && status != "pending") {
      announce(stage);
      told = status;
    }
    if (status == "running") {
      running.push_back(&stage);
      width = std::max(width, name.size());
    }
  }
  if (mode_ == Mode::kBars) {
    for (const json::object* stage : running) err_ << bar_line(*stage, width) << "\n";
    bar_lines_ = running.size();
  }
  err_ << std::flush;
}

}  // namespace cairn
