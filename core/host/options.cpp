#include "core/host/options.h"

#include <algorithm>

#include "core/base/quantity.h"

namespace cairn::host {
namespace {

Result<void> check_complete(const Options& options) {
  const bool serves = !options.engine.empty() || !options.host.empty() || !options.store.empty();
  const int alone = static_cast<int>(!options.describe.empty()) +
                    static_cast<int>(!options.self_test.empty()) +
                    static_cast<int>(!options.preview.empty());
  if (alone > 0) {
    if (serves || alone > 1) return invalid_argument("these options do not go together", usage());
    if (!options.preview.empty() && options.kind.empty())
      return invalid_argument("--preview needs --kind", usage());
    return {};
  }
  if (options.write) return invalid_argument("--write needs --describe", usage());
  if (options.engine.empty() || options.host.empty() || options.store.empty())
    return invalid_argument("--engine, --host and --store are needed", usage());
  return {};
}

}  // namespace

const char* usage() {
  return "cairn-host --engine SOCKET --host ID --store DIR [--orphan-timeout 10m] [--privileges]\n"
         "cairn-host --describe FILE [--write]\n"
         "cairn-host --self-test ORDER\n"
         "cairn-host --preview FILE --kind KIND [--library FILE] [--rows N]";
}

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--write" || name == "--privileges") {
      (name == "--write" ? options.write : options.privileges) = true;
      continue;
    }
    if (i + 1 == arguments.size())
      return invalid_argument("'" + name + "' is unknown or lacks its value", usage());
    const std::string& value = arguments[++i];
    if (name == "--describe") {
      options.describe = value;
    } else if (name == "--self-test") {
      options.self_test = value;
    } else if (name == "--preview") {
      options.preview = value;
    } else if (name == "--kind") {
      options.kind = value;
    } else if (name == "--library") {
      options.library = value;
    } else if (name == "--rows") {
      CAIRN_ASSIGN(const std::uint64_t rows, parse_tokens(value));
      options.rows = static_cast<std::size_t>(std::min<std::uint64_t>(rows, 1'000'000));
    } else if (name == "--engine") {
      options.engine = value;
    } else if (name == "--host") {
      options.host = value;
    } else if (name == "--store") {
      options.store = value;
    } else if (name == "--orphan-timeout") {
      CAIRN_ASSIGN(options.orphan_timeout, parse_duration(value));
    } else {
      return invalid_argument("unknown option '" + name + "'", usage());
    }
  }
  CAIRN_TRY(check_complete(options));
  return options;
}

}  // namespace cairn::host
