#include "core/host/options.h"

#include "core/base/quantity.h"

namespace cairn::host {
namespace {

Result<void> check_complete(const Options& options) {
  const bool serves = !options.engine.empty() || !options.host.empty() || !options.store.empty();
  if (!options.describe.empty()) {
    if (serves) return invalid_argument("--describe stands alone", usage());
    return {};
  }
  if (options.write) return invalid_argument("--write needs --describe", usage());
  if (options.engine.empty() || options.host.empty() || options.store.empty())
    return invalid_argument("--engine, --host and --store are needed", usage());
  return {};
}

}  // namespace

const char* usage() {
  return "cairn-host --engine SOCKET --host ID --store DIR [--orphan-timeout 10m]\n"
         "cairn-host --describe FILE [--write]";
}

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--write") {
      options.write = true;
      continue;
    }
    if (i + 1 == arguments.size())
      return invalid_argument("'" + name + "' is unknown or lacks its value", usage());
    const std::string& value = arguments[++i];
    if (name == "--describe") {
      options.describe = value;
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
