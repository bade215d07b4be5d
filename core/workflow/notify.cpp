#include "core/workflow/notify.h"

#include "core/base/text.h"
#include "core/workflow/shell_text.h"

namespace cairn {
namespace {

// 'it'\''s'
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string read_run(const YamlNode& node, const Resolver& resolver, Diagnostics& diagnostics) {
  const auto error = [&](std::string message) {
    diagnostics.error("invalid_value", *node.source, node.offset, std::move(message));
    return std::string();
  };
  if (!node.is_scalar() || !node.scalar.is_string() || trim(node.text).empty())
    return error("'run' must be a command, not " + node.describe());
  const auto text = shell_text(node, resolver, diagnostics, true);
  if (!text) return {};
  std::string run;
  for (const ShellVariable& variable : text->variables) {
    const auto value = shell_value(variable.value, resolver);
    if (!value) return {};
    if (!value->is_string()) return error("a secret cannot stand in 'notify'");
    run += variable.name + "=" + quoted(value->as_string()) + "\n";
  }
  return run + text->run;
}

}  // namespace

NotifySpec read_notify(const YamlNode& node, const Resolver& resolver, Diagnostics& diagnostics) {
  NotifySpec notify;
  if (!node.is_map()) {
    diagnostics.error("invalid_value", *node.source, node.offset,
                      "'notify' must be a map, not " + node.describe(),
                      "write for example {on: [failed], run: COMMAND}");
    return notify;
  }
  check_keys(node, notify_keys(), "'notify'", diagnostics);
  if (const YamlEntry* run = node.find("run"))
    notify.run = read_run(run->value, resolver, diagnostics);
  const YamlEntry* on = node.find("on");
  if (on == nullptr) return notify;
  ParamDecl decl = find_key(notify_keys(), "on")->decl;
  const auto add = [&](const YamlNode& word) {
    const auto value = resolver.value(word, decl, true);
    if (!value) return;
    notify.failed = notify.failed || value->as_string() == "failed";
    notify.finished = notify.finished || value->as_string() == "finished";
    notify.waiting = notify.waiting || value->as_string() == "waiting";
  };
  if (!on->value.is_list()) add(on->value);
  for (const YamlNode& word : on->value.items) add(word);
  if (on->value.is_list() && on->value.items.empty())
    diagnostics.error("invalid_value", *node.source, on->value.offset,
                      "'on' must name at least one of failed, finished and waiting");
  return notify;
}

}  // namespace cairn
