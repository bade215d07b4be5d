#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/workflow/content.h"
#include "core/workflow/keys.h"
#include "core/workflow/stage_parts.h"

namespace cairn {
namespace {

constexpr std::array<const char*, 4> kCauses = {"oom", "timeout", "crash", "error"};

class SettingsReader {
 public:
  SettingsReader(StageScope& scope, StageDraft& draft) : scope_(scope), draft_(draft) {}

  void read() {
    check_maps();
    StageSpec& spec = draft_.spec;
    use(scope_.setting("retry", "max_attempts"), retry_keys(), "max_attempts",
        [&](const auto& value) { spec.retry.max_attempts = static_cast<int>(value.as_int64()); });
    use(scope_.setting("retry", "backoff"), retry_keys(), "backoff",
        [&](const auto& value) { spec.retry.backoff = Duration(value.as_int64()); });
    for (const char* cause : kCauses) {
      use(scope_.setting("retry", cause), retry_keys(), cause, [&](const auto& value) {
        spec.retry.by_cause[cause] = static_cast<int>(value.as_int64());
      });
    }
    use(scope_.setting("resources", "cpus"), resource_keys(), "cpus",
        [&](const auto& value) { spec.resources.cpus = static_cast<int>(value.as_int64()); });
    use(scope_.setting("resources", "gpus"), resource_keys(), "gpus",
        [&](const auto& value) { spec.resources.gpus = static_cast<int>(value.as_int64()); });
    use(scope_.setting("resources", "memory"), resource_keys(), "memory", [&](const auto& value) {
      spec.resources.memory_bytes = static_cast<std::uint64_t>(value.as_int64());
    });
    read_pools(scope_.setting("resources", "pools"));
    use(scope_.setting("timeout"), stage_keys(), "timeout",
        [&](const auto& value) { spec.timeout = Duration(value.as_int64()); });
    use(scope_.setting("cache"), stage_keys(), "cache",
        [&](const auto& value) { spec.cache = value.as_bool(); });
    use(scope_.setting("isolation"), stage_keys(), "isolation",
        [&](const auto& value) { spec.fresh_host = value.as_string() == "process"; });
    use(scope_.setting("privileges"), stage_keys(), "privileges",
        [&](const auto& value) { spec.privileges = value.as_string() == "inherit"; });
    read_approval();
    read_watchdogs();
    if (const YamlNode* description = scope_.member("description"))
      spec.description = scope_.resolver.with(scope_.cell).description(*description).value_or("");
  }

 private:
  void error(const YamlNode& at, std::string message, std::string hint = {}) {
    scope_.diagnostics.error("invalid_value", *at.source, at.offset, std::move(message),
                             std::move(hint));
  }

  void check_maps() {
    for (const char* map : {"retry", "resources"}) {
      const YamlNode* node = scope_.member(map);
      if (node == nullptr) continue;
      if (node->is_map())
        check_keys(*node, map == std::string_view("retry") ? retry_keys() : resource_keys(),
                   std::string("'") + map + "'", scope_.diagnostics);
      else
        error(*node, std::string("'") + map + "' must be a map, not " + node->describe());
    }
  }

  // The value of a kValue key, checked against the table it comes from.
  template <typename Use>
  void use(const YamlNode* node, const std::vector<Key>& keys, const char* name, Use apply) {
    if (node == nullptr) return;
    if (auto value = scope_.resolver.value(*node, find_key(keys, name)->decl, true)) apply(*value);
  }

  void read_pools(const YamlNode* pools) {
    if (pools == nullptr) return;
    for (auto& count : read_counts(*pools, "'pools'", scope_.resolver, scope_.diagnostics)) {
      const auto known = scope_.sources.pools.find(count.name);
      if (known == scope_.sources.pools.end()) {
        std::vector<std::string> names;
        for (const auto& pool : scope_.sources.pools) names.push_back(pool.first);
        std::string hint;
        if (!scope_.diagnostics.full()) hint = did_you_mean(count.name, names);
        if (hint.empty())
          hint = names.empty() ? "declare it at the top: pools: {" + count.name + ": 1}"
                               : "pools: " + listed(names);
        scope_.diagnostics.error("unknown_pool", *pools->source, count.offset,
                                 "the workflow has no pool '" + count.name + "'", hint);
      } else if (known->second > 0 && count.units > known->second) {
        scope_.diagnostics.error("pool_too_small", *pools->source, count.offset,
                                 "the pool '" + count.name + "' has " +
                                     std::to_string(known->second) + " units, never " +
                                     std::to_string(count.units));
      } else {
        draft_.spec.resources.pools[count.name] = count.units;
      }
    }
  }

  void read_approval() {
    const YamlNode* node = scope_.member("approval");
    if (node == nullptr) return;
    if (node->is_scalar() && node->scalar.is_bool()) {
      if (node->scalar.as_bool()) draft_.spec.approval = "Start '" + draft_.spec.name + "'?";
    } else if (node->is_scalar() && node->scalar.is_string() && !trim(node->text).empty()) {
      draft_.spec.approval = scope_.resolver.description(*node);
    } else {
      error(*node, "'approval' must be true, false or a question, not " + node->describe());
    }
  }

  void read_watchdogs() {
    const YamlNode* list = scope_.member("watchdogs");
    if (list == nullptr) return;
    if (!list->is_list()) {
      error(*list, "'watchdogs' must be a list, not " + list->describe(),
            "write for example [{metric: loss, when: not_finite}]");
      return;
    }
    for (const YamlNode& node : list->items) {
      if (node.is_map())
        read_watchdog(node);
      else
        error(node, "a watchdog must be a map, not " + node.describe(),
              "write for example {metric: loss, when: not_finite}");
    }
  }

  void read_watchdog(const YamlNode& node) {
    check_keys(node, watchdog_keys(), "the watchdog", scope_.diagnostics);
    WatchdogSpec watchdog;
    const auto member = [&](const char* key) {
      const YamlEntry* entry = node.find(key);
      return entry == nullptr ? nullptr : &entry->value;
    };
    use(member("metric"), watchdog_keys(), "metric", [&](const auto& value) {
      watchdog.metric = std::string(value.as_string());
      if (watchdog.metric.empty())
        error(*member("metric"), "'metric' must name a metric");
      else
        check_metric(*member("metric"), watchdog.metric);
    });
    use(member("when"), watchdog_keys(), "when", [&](const auto& value) {
      watchdog.when = value.as_string() == "above"   ? WatchdogSpec::When::kAbove
                      : value.as_string() == "below" ? WatchdogSpec::When::kBelow
                                                     : WatchdogSpec::When::kNotFinite;
      const bool limited = watchdog.when != WatchdogSpec::When::kNotFinite;
      if (limited && member("limit") == nullptr)
        scope_.diagnostics.error("missing_key", *node.source, node.offset,
                                 "the watchdog needs the key 'limit'",
                                 "limit: " + find_key(watchdog_keys(), "limit")->decl.doc);
      if (!limited) refuse(node, "limit", "'limit' has no meaning for not_finite");
    });
    use(member("limit"), watchdog_keys(), "limit",
        [&](const auto& value) { watchdog.limit = value.as_double(); });
    use(member("points"), watchdog_keys(), "points",
        [&](const auto& value) { watchdog.points = static_cast<int>(value.as_int64()); });
    use(member("action"), watchdog_keys(), "action", [&](const auto& value) {
      if (value.as_string() == "roll_back") watchdog.action = WatchdogSpec::Action::kRollBack;
    });
    use(member("most"), watchdog_keys(), "most",
        [&](const auto& value) { watchdog.most = static_cast<int>(value.as_int64()); });
    if (watchdog.action == WatchdogSpec::Action::kStop) {
      for (const char* key : {"set", "most"})
        refuse(node, key, std::string("'") + key + "' has a meaning for 'action: roll_back' only");
    } else if (const YamlNode* set = member("set")) {
      read_amended(*set, watchdog);
    }
    draft_.spec.watchdogs.push_back(std::move(watchdog));
  }

  // A stage may record what it does not declare, so an unknown name is no error.
  void check_metric(const YamlNode& node, const std::string& metric) {
    if (draft_.decl == nullptr || draft_.decl->metrics.empty()) return;
    const MetricDecl* declared = draft_.decl->find_metric(metric);
    if (declared != nullptr && declared->runtime)
      return error(node, "'" + metric + "' is about the machine: a watchdog cannot stop for it");
    if (declared != nullptr) return;
    std::vector<std::string> known;
    for (const MetricDecl& decl : draft_.decl->metrics)
      if (!decl.runtime) known.push_back(decl.name);
    const std::string hint = did_you_mean(metric, known);
    scope_.diagnostics.add(Severity::kWarning, "unknown_metric", *node.source, node.offset,
                           "'" + draft_.decl->name + "' declares no metric '" + metric + "'",
                           hint.empty() ? "it declares " + join(known, ", ") : hint);
  }

  void refuse(const YamlNode& node, const char* key, const std::string& message) {
    if (const YamlEntry* entry = node.find(key))
      scope_.diagnostics.error("unknown_key", *node.source, entry->key_offset, message);
  }

  void read_amended(const YamlNode& set, WatchdogSpec& watchdog) {
    if (!set.is_map()) {
      error(set, "'set' must be a map of parameters, not " + set.describe());
      return;
    }
    if (draft_.decl == nullptr) return;
    std::vector<std::string> known;
    for (const ParamDecl& param : draft_.decl->params) known.push_back(param.name);
    for (const YamlEntry& entry : set.entries) {
      const ParamDecl* param = draft_.decl->find_param(entry.key);
      if (param == nullptr) {
        const std::string hint = did_you_mean(entry.key, known);
        scope_.diagnostics.error(
            "unknown_parameter", *set.source, entry.key_offset,
            "'" + draft_.decl->name + "' has no parameter '" + entry.key + "'",
            hint.empty() && !known.empty() ? "parameters: " + join(known, ", ") : hint);
        continue;
      }
      if (is_fixed(*param)) {
        scope_.diagnostics.error("invalid_value", *set.source, entry.key_offset,
                                 "'" + entry.key + "' cannot change while the stage runs");
        continue;
      }
      if (auto value = scope_.resolver.value(entry.value, *param))
        watchdog.params[entry.key] = std::move(*value);
    }
  }

  // What other stages or the store rely on.
  bool is_fixed(const ParamDecl& param) const {
    const StageDecl& decl = *draft_.decl;
    return has_paths(param) || param.name == decl.outputs_from_param ||
           std::ranges::any_of(decl.outputs, [&](const PortDecl& port) {
             return port.kind_from_param == param.name;
           });
  }

  StageScope& scope_;
  StageDraft& draft_;
};

}  // namespace

void read_stage_settings(StageScope& scope, StageDraft& draft) {
  SettingsReader(scope, draft).read();
}

std::vector<Count> read_counts(const YamlNode& map, const char* what, const Resolver& resolver,
                               Diagnostics& diagnostics) {
  std::vector<Count> counts;
  if (!map.is_map()) {
    diagnostics.error(
        "invalid_value", *map.source, map.offset,
        std::string(what) + " must be a map from names to units, not " + map.describe());
    return counts;
  }
  for (const YamlEntry& entry : map.entries) {
    ParamDecl decl;
    decl.name = entry.key;
    decl.type = ParamType::kInt;
    decl.min = 1;
    decl.max = 1'000'000;
    if (!is_name(entry.key)) {
      diagnostics.error("bad_name", *map.source, entry.key_offset,
                        "'" + entry.key + "' is no name for a pool",
                        "letters, digits, '_' and '-', a letter first");
      continue;
    }
    const auto value = resolver.value(entry.value, decl, true);
    counts.push_back(
        {entry.key, entry.key_offset, value ? static_cast<int>(value->as_int64()) : 0});
  }
  return counts;
}

}  // namespace cairn
