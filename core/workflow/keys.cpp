#include "core/workflow/keys.h"

#include <algorithm>
#include <utility>

#include "core/base/text.h"

namespace cairn {
namespace {

struct Limits {
  std::optional<double> min;
  std::optional<double> max;
  std::vector<std::string> choices;
};

Key value_key(const char* name, ParamType type, const char* doc, Limits limits = {}) {
  Key key;
  key.decl.name = name;
  key.decl.type = type;
  key.decl.doc = doc;
  key.decl.min = limits.min;
  key.decl.max = limits.max;
  key.decl.choices = std::move(limits.choices);
  return key;
}

Key form_key(const char* name, KeyForm form, const char* doc) {
  Key key = value_key(name, ParamType::kJson, doc);
  key.form = form;
  return key;
}

Key texts_key(const char* name, const char* doc) {
  Key key = value_key(name, ParamType::kList, doc);
  key.decl.element.emplace_back();
  return key;
}

Key required(Key key) {
  key.decl.required = true;
  return key;
}

Key with_default(Key key) {
  key.in_defaults = true;
  return key;
}

constexpr double kMaxCpus = 100'000;

Key most_tasks() {
  return value_key("max_parallel", ParamType::kInt,
                   "Most tasks at a time; 0: as many as the resources allow", {0, 1'000'000, {}});
}

}  // namespace

const std::vector<Key>& workflow_keys() {
  static const std::vector<Key> kKeys = {
      required(value_key("cairn", ParamType::kInt, "Version of the file format", {1, 1, {}})),
      form_key("name", KeyForm::kName, "Name of the workflow; the file's name where left out"),
      value_key("description", ParamType::kString, "What the workflow does"),
      form_key("labels", KeyForm::kTextMap, "Labels of its runs"),
      value_key("seed", ParamType::kInt, "Seed of its runs (0)", {0, {}, {}}),
      value_key("extends", ParamType::kString,
                "Workflow file to take everything from, with other parameter values"),
      form_key("params", KeyForm::kParams, "Parameters; below `extends`, values of parameters"),
      form_key("defaults", KeyForm::kDefaults, "What every stage has that does not say otherwise"),
      form_key("stages", KeyForm::kStages, "The stages by name"),
      form_key("pools", KeyForm::kCounts, "Pools of things that stages share, with their units"),
      value_key("max_parallel", ParamType::kInt,
                "Most stages at a time; 0: as many as the resources allow", {0, 10'000, {}}),
      value_key("fail_fast", ParamType::kBool, "Whether the first failure cancels the rest"),
      form_key("notify", KeyForm::kNotify, "Command to run when a run fails, ends or waits"),
  };
  return kKeys;
}

const std::vector<Key>& stage_keys() {
  static const std::vector<Key> kKeys = {
      required(form_key("uses", KeyForm::kStageType, "Stage type")),
      form_key("with", KeyForm::kWith, "Parameters of the stage type"),
      form_key("inputs", KeyForm::kInputs, "Input ports, each a STAGE.OUTPUT or a list of them"),
      form_key("after", KeyForm::kNames, "Stages to wait for without taking an output"),
      form_key("when", KeyForm::kCondition, "Whether the stage runs"),
      form_key("matrix", KeyForm::kMatrix, "Values to run the stage with; each cell is a task"),
      form_key("foreach", KeyForm::kForeach, "Output that is a list; each item is a task"),
      with_default(form_key("retry", KeyForm::kRetry, "What to do after a failure")),
      with_default(value_key("timeout", ParamType::kDuration, "Longest running time of an attempt",
                             {1, {}, {}})),
      with_default(form_key("resources", KeyForm::kResources, "What an attempt needs")),
      with_default(value_key("cache", ParamType::kBool,
                             "Whether an earlier result with the same key is taken (true)")),
      form_key("on_failure", KeyForm::kNames, "Stages to run when this one has failed"),
      form_key("watchdogs", KeyForm::kWatchdogs, "Rules on metrics, asked at every point"),
      with_default(value_key("isolation", ParamType::kString,
                             "shared: a warm host will do; process: a fresh one",
                             {{}, {}, {"shared", "process"}})),
      with_default(value_key("privileges", ParamType::kString,
                             "none: setuid programs such as sudo gain nothing; inherit: they do, "
                             "where the operator's policy allows it",
                             {{}, {}, {"none", "inherit"}})),
      form_key("approval", KeyForm::kApproval,
               "Whether a person must approve before it starts; a text: the question"),
      value_key("description", ParamType::kString, "What the stage does"),
  };
  return kKeys;
}

const std::vector<Key>& defaults_keys() {
  static const std::vector<Key> kKeys = [] {
    std::vector<Key> keys;
    std::ranges::copy_if(stage_keys(), std::back_inserter(keys), &Key::in_defaults);
    return keys;
  }();
  return kKeys;
}

const std::vector<Key>& retry_keys() {
  static const std::vector<Key> kKeys = {
      value_key("max_attempts", ParamType::kInt, "Attempts at most (1)", {1, 100, {}}),
      value_key("backoff", ParamType::kDuration, "Pause before the second attempt; doubles (10s)"),
      value_key("oom", ParamType::kInt, "Attempts at most that end without memory", {1, 100, {}}),
      value_key("timeout", ParamType::kInt, "Attempts at most that take too long", {1, 100, {}}),
      value_key("crash", ParamType::kInt, "Attempts at most that crash", {1, 100, {}}),
      value_key("error", ParamType::kInt, "Attempts at most that report an error", {1, 100, {}}),
  };
  return kKeys;
}

const std::vector<Key>& resource_keys() {
  static const std::vector<Key> kKeys = {
      value_key("cpus", ParamType::kInt, "Threads (1)", {1, kMaxCpus, {}}),
      value_key("memory", ParamType::kBytes, "Memory; left out: not accounted"),
      value_key("gpus", ParamType::kInt, "GPUs (0)", {0, kMaxCpus, {}}),
      form_key("pools", KeyForm::kCounts, "Units of pools of the workflow"),
  };
  return kKeys;
}

const std::vector<Key>& matrix_keys() {
  static const std::vector<Key> kKeys = {
      form_key("include", KeyForm::kCells, "Cells to add"),
      form_key("exclude", KeyForm::kCells, "Cells to leave out, by the values of some axes"),
      most_tasks(),
  };
  return kKeys;
}

const std::vector<Key>& foreach_keys() {
  static const std::vector<Key> kKeys = {
      required(form_key("list", KeyForm::kReference, "STAGE.OUTPUT, a JSON array or JSON Lines")),
      most_tasks(),
  };
  return kKeys;
}

const std::vector<Key>& watchdog_keys() {
  static const std::vector<Key> kKeys = {
      required(value_key("metric", ParamType::kString, "Metric of the stage")),
      required(value_key("when", ParamType::kString, "What must not be",
                         {{}, {}, {"not_finite", "above", "below"}})),
      value_key("limit", ParamType::kDouble, "Of above and below"),
      value_key("points", ParamType::kInt, "So many points in a row (1)", {1, 1'000'000, {}}),
      value_key("action", ParamType::kString, "What to do (stop)", {{}, {}, {"stop", "roll_back"}}),
      form_key("set", KeyForm::kWith, "Of roll_back: parameters of the stage type from then on"),
      value_key("most", ParamType::kInt, "Of roll_back: so many times, then stop (1)",
                {1, 1'000, {}}),
  };
  return kKeys;
}

const std::vector<Key>& notify_keys() {
  static const std::vector<Key> kKeys = [] {
    Key on = value_key("on", ParamType::kString, "When to run it",
                       {{}, {}, {"failed", "finished", "waiting"}});
    on.form = KeyForm::kWords;
    return std::vector<Key>{required(std::move(on)), required(value_key("run", ParamType::kString,
                                                                        "Command for /bin/sh -c"))};
  }();
  return kKeys;
}

const std::vector<Key>& param_keys() {
  static const std::vector<Key> kKeys = {
      required(value_key("type", ParamType::kString, "Type of the parameter",
                         {{},
                          {},
                          {"bool", "int", "float", "string", "enum", "list", "map", "duration",
                           "bytes", "tokens", "path", "secret"}})),
      form_key("default", KeyForm::kAny, "Value where none is given; left out: one must be given"),
      value_key("required", ParamType::kBool, "true: a value must be given, there is no default"),
      value_key("min", ParamType::kDouble, "Smallest value"),
      value_key("max", ParamType::kDouble, "Largest value"),
      texts_key("values", "Values of an enum"),
      value_key("description", ParamType::kString, "What the parameter does"),
  };
  return kKeys;
}

const Key* find_key(const std::vector<Key>& keys, std::string_view name) {
  const auto found = std::ranges::find(keys, name, [](const Key& key) { return key.decl.name; });
  return found == keys.end() ? nullptr : &*found;
}

bool is_name(std::string_view text, bool dots) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto inner = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || (dots && c == '.');
  };
  return !text.empty() && text.size() <= 200 && letter(text[0]) && std::ranges::all_of(text, inner);
}

void check_keys(const YamlNode& map, const std::vector<Key>& keys, const std::string& of,
                Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (const Key& key : keys) known.push_back(key.decl.name);
  for (const YamlEntry& entry : map.entries) {
    const Key* key = find_key(keys, entry.key);
    if (key == nullptr) {
      std::string hint;
      if (!diagnostics.full()) hint = did_you_mean(entry.key, known);
      if (hint.empty()) hint = "keys: " + join(known, ", ");
      diagnostics.error("unknown_key", *map.source, entry.key_offset,
                        of + " has no key '" + entry.key + "'", hint);
    }
  }
  for (const Key& key : keys) {
    if (key.decl.required && map.find(key.decl.name) == nullptr)
      diagnostics.error("missing_key", *map.source, map.offset,
                        of + " needs the key '" + key.decl.name + "'",
                        key.decl.doc.empty() ? "" : key.decl.name + ": " + key.decl.doc);
  }
}

namespace {

// Where a part of a value stands, as far down as the source has it: behind an expression there is
// no node.
std::pair<const YamlNode*, std::size_t> place_of(const YamlNode& node,
                                                 const ParamProblem& problem) {
  const YamlNode* at = &node;
  std::size_t offset = node.offset;
  for (std::size_t i = 0; i < problem.path.size(); ++i) {
    const bool key = problem.of_key && i + 1 == problem.path.size();
    if (const YamlEntry* entry = at->is_map() ? at->find(problem.path[i]) : nullptr) {
      at = &entry->value;
      offset = key ? entry->key_offset : at->offset;
      continue;
    }
    const std::size_t index =
        at->is_list()
            ? static_cast<std::size_t>(std::strtoull(problem.path[i].c_str(), nullptr, 10))
            : 0;
    if (!at->is_list() || index >= at->items.size()) break;
    at = &at->items[index];
    offset = at->offset;
  }
  return {at, offset};
}

}  // namespace

std::optional<json::value> canonical_at(const ParamDecl& decl, const json::value& value,
                                        const YamlNode& node, Diagnostics& diagnostics, bool of_key,
                                        const std::string& suffix) {
  std::vector<ParamProblem> problems;
  json::value canonical = canonical_param(decl, value, problems);
  for (const ParamProblem& problem : problems) {
    constexpr std::string_view kWord = "parameter ";
    std::string message = problem.error.message;
    if (of_key && message.starts_with(kWord)) message.erase(0, kWord.size());
    const auto [at, offset] = place_of(node, problem);
    diagnostics.error("invalid_value", *at->source, offset, message + suffix, problem.error.hint);
  }
  if (!problems.empty()) return std::nullopt;
  return canonical;
}

}  // namespace cairn
