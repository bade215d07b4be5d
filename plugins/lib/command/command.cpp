#include "plugins/lib/command/command.h"

#include <algorithm>

#include "core/base/text.h"

namespace cairn::command {
namespace {

constexpr std::size_t kLinesInMessage = 20;
constexpr std::size_t kBytesInMessage = 4000;

}  // namespace

Result<void> copy_into(const std::vector<fs::path>& files, const fs::path& folder) {
  for (const fs::path& from : files) {
    const fs::path name = from.has_filename() ? from.filename() : from.parent_path().filename();
    const fs::path to = folder / name;
    std::error_code error;
    if (fs::exists(to, error)) return invalid_argument("two of `files` are named " + name.string());
    fs::copy(from, to, fs::copy_options::recursive, error);
    if (error) return io_error("copy", from.string(), error.value());
  }
  return {};
}

void Environment::set(const std::string& name, const std::string& value) {
  unset(name);
  list_.push_back(name + "=" + value);
}

void Environment::unset(const std::string& name) {
  std::erase_if(list_, [&](const auto& entry) { return entry.starts_with(name + "="); });
}

std::string Environment::get(const std::string& name) const {
  for (const auto& entry : list_)
    if (entry.starts_with(name + "=")) return entry.substr(name.size() + 1);
  return {};
}

Result<void> Environment::add(const json::value& env) {
  if (!env.is_object()) return invalid_argument("`env` must be a map");
  for (const auto& [name, value] : env.as_object()) {
    const bool plain = !name.empty() && name.find('=') == std::string_view::npos;
    if (!plain || value.is_object() || value.is_array())
      return invalid_argument("environment variable '" + std::string(name) +
                              "' must have a name without '=' and a plain value");
    set(std::string(name),
        value.is_string() ? std::string(value.as_string()) : json::serialize(value));
  }
  return {};
}

void Tail::add(std::string_view bytes) {
  text_.append(bytes);
  if (text_.size() > 4 * kBytesInMessage) text_.erase(0, text_.size() - 2 * kBytesInMessage);
}

std::string Tail::lines(const StageContext& ctx) const {
  std::string text = printable(trim(ctx.redacted(text_)));
  if (text.empty()) return {};
  if (text.size() > kBytesInMessage) text.erase(0, text.size() - kBytesInMessage);
  const auto all = split(text, '\n');
  std::string last;
  for (std::size_t i = all.size() - std::min(all.size(), kLinesInMessage); i < all.size(); ++i)
    last += "\n  " + std::string(all[i]);
  return last;
}

std::string describe(const ProcessEnd& end) {
  return end.signal != 0 ? "was ended by " + signal_name(end.signal)
                         : "ended with exit code " + std::to_string(end.exit_code);
}

}  // namespace cairn::command
