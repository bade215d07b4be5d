#include "core/workflow/config.h"

#include <algorithm>

#include "core/base/quantity.h"
#include "core/workflow/source.h"
#include "core/workflow/yaml.h"

namespace cairn {
namespace {

class ConfigReader {
 public:
  explicit ConfigReader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  OperationConfig read(const YamlNode& root) {
    OperationConfig config;
    for_each(root, "the configuration",
             {"pools", "quotas", "free_space", "retention", "orphan_timeout", "capture",
              "environment", "policy"},
             [&](const YamlEntry& entry) { read_key(entry, config); });
    return config;
  }

 private:
  void read_key(const YamlEntry& entry, OperationConfig& config) {
    const YamlNode& value = entry.value;
    if (entry.key == "pools") {
      for_each(value, "'pools'", {}, [&](const YamlEntry& pool) {
        if (const auto units = whole_number(pool.value)) config.pools[pool.key] = *units;
      });
    } else if (entry.key == "quotas") {
      for_each(value, "'quotas'", {"artifacts"},
               [&](const YamlEntry& quota) { config.artifact_quota = bytes(quota.value); });
    } else if (entry.key == "free_space") {
      config.free_space = bytes(value).value_or(0);
    } else if (entry.key == "retention") {
      for_each(value, "'retention'", {"keep_best"},
               [&](const YamlEntry& rule) { config.keep_best = texts(rule.value); });
    } else if (entry.key == "orphan_timeout") {
      config.orphan_timeout = duration(value);
    } else if (entry.key == "environment") {
      config.environment = texts(value);
    } else if (entry.key == "policy") {
      for_each(value, "'policy'", {"privileges"},
               [&](const YamlEntry& rule) { config.privileges = inherits(rule.value); });
    } else {
      config.capture = texts(value);
    }
  }

  bool inherits(const YamlNode& node) {
    const bool one_of_two = node.is_scalar() && (node.text == "inherit" || node.text == "none");
    if (!one_of_two) wrong(node, "this must be inherit or none, not " + node.describe());
    return one_of_two && node.text == "inherit";
  }

  // known empty: any key.
  template <typename Use>
  void for_each(const YamlNode& map, const std::string& what, const std::vector<std::string>& known,
                const Use& use) {
    if (map.is_null()) return;
    if (!map.is_map()) {
      wrong(map, what + " must be a map, not " + map.describe());
      return;
    }
    for (const YamlEntry& entry : map.entries) {
      if (known.empty() || std::find(known.begin(), known.end(), entry.key) != known.end()) {
        use(entry);
      } else {
        diagnostics_.error("unknown_key", *map.source, entry.key_offset,
                           what + " has no key '" + entry.key + "'",
                           did_you_mean(entry.key, known));
      }
    }
  }

  std::optional<int> whole_number(const YamlNode& node) {
    constexpr std::int64_t kMost = 1'000'000;
    if (node.is_scalar() && node.scalar.is_int64() && node.scalar.as_int64() >= 0 &&
        node.scalar.as_int64() <= kMost) {
      return static_cast<int>(node.scalar.as_int64());
    }
    wrong(node, "this must be a whole number of units, not " + node.describe());
    return std::nullopt;
  }

  std::optional<std::uint64_t> bytes(const YamlNode& node) {
    const auto parsed = node.is_scalar() && !node.is_null()
                            ? parse_bytes(node.text)
                            : Result<std::uint64_t>(invalid_argument(""));
    if (parsed.ok()) return *parsed;
    wrong(node, "this must be a size such as 2Gi, not " + node.describe());
    return std::nullopt;
  }

  std::optional<Duration> duration(const YamlNode& node) {
    const auto parsed = node.is_scalar() && !node.is_null()
                            ? parse_duration(node.text)
                            : Result<Duration>(invalid_argument(""));
    if (parsed.ok()) return *parsed;
    wrong(node, "this must be a duration such as 24h, not " + node.describe());
    return std::nullopt;
  }

  std::vector<std::string> texts(const YamlNode& node) {
    std::vector<std::string> list;
    if (!node.is_list()) wrong(node, "this must be a list of texts, not " + node.describe());
    for (const YamlNode& item : node.items) {
      if (item.is_scalar() && !item.is_null()) {
        list.push_back(item.text);
      } else {
        wrong(item, "this must be a text, not " + item.describe());
      }
    }
    return list;
  }

  void wrong(const YamlNode& node, const std::string& message) {
    diagnostics_.error("invalid_value", *node.source, node.offset, message);
  }

  Diagnostics& diagnostics_;
};

}  // namespace

Result<OperationConfig> read_config(const fs::path& file, Diagnostics& diagnostics) {
  CAIRN_ASSIGN(const SourcePtr source, read_source(file, file.string(), diagnostics));
  const auto root = source ? parse_yaml(source, diagnostics) : std::nullopt;
  if (!root) return OperationConfig{};
  return ConfigReader(diagnostics).read(*root);
}

}  // namespace cairn
