#include "core/http/router.h"

#include <algorithm>
#include <set>

#include "core/base/text.h"

namespace cairn::http {
namespace {

constexpr std::string_view kRest = "...}";

bool is_rest(const std::string& part) {
  return part.starts_with('{') && part.ends_with(kRest);
}
bool is_value(const std::string& part) {
  return part.starts_with('{') && part.ends_with('}');
}
std::string name_of(const std::string& part) {
  return part.substr(1, part.size() - (is_rest(part) ? kRest.size() : 1) - 1);
}

Result<std::vector<std::string>> parts_of(const std::string& pattern) {
  if (!pattern.starts_with('/')) {
    return invalid_argument("the route '" + pattern + "' does not begin with '/'");
  }
  std::vector<std::string> parts;
  std::set<std::string> names;
  for (const std::string_view part : split(std::string_view(pattern).substr(1), '/')) {
    if (!parts.empty() && is_rest(parts.back())) {
      return invalid_argument("the route '" + pattern + "' goes on after " + parts.back());
    }
    parts.emplace_back(part);
    const bool braces = part.find_first_of("{}") != std::string_view::npos;
    if (!braces) continue;
    if (!is_value(parts.back()) || name_of(parts.back()).empty() ||
        name_of(parts.back()).find_first_of("{}") != std::string::npos ||
        !names.insert(name_of(parts.back())).second) {
      return invalid_argument(
          "the route '" + pattern + "' has the part '" + std::string(part) + "'",
          "a part is text, {name} or, at the end, {name...}; names differ");
    }
  }
  return parts;
}

// How early a part is tried; two patterns of the same ranks and texts are the same pattern.
std::string sort_key(const std::vector<std::string>& parts) {
  std::string key;
  for (const std::string& part : parts) {
    key += is_rest(part) ? "2" : is_value(part) ? "1" : "0" + part;
    key.push_back('/');
  }
  return key;
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& parts,
             std::vector<std::pair<std::string, std::string>>& values) {
  values.clear();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= parts.size()) return false;
    if (is_rest(pattern[i])) {
      const std::vector<std::string> rest(parts.begin() + static_cast<std::ptrdiff_t>(i),
                                          parts.end());
      if (std::ranges::any_of(rest, &std::string::empty)) return false;
      values.emplace_back(name_of(pattern[i]), join(rest, "/"));
      return true;
    }
    if (!is_value(pattern[i])) {
      if (pattern[i] != parts[i]) return false;
    } else if (parts[i].empty()) {
      return false;
    } else {
      values.emplace_back(name_of(pattern[i]), parts[i]);
    }
  }
  return pattern.size() == parts.size();
}

}  // namespace

Result<Router> Router::create(std::vector<Route> routes, Access otherwise) {
  std::vector<std::pair<std::string, Route>> keyed;
  std::set<std::string> seen;
  for (Route& route : routes) {
    CAIRN_ASSIGN(const auto parts, parts_of(route.pattern));
    std::string key = sort_key(parts);
    if (!seen.insert(key + to_string(route.method)).second) {
      return conflict(std::string("two routes answer ") + to_string(route.method) + " " +
                      route.pattern);
    }
    keyed.emplace_back(std::move(key), std::move(route));
  }
  std::ranges::stable_sort(keyed, {}, &std::pair<std::string, Route>::first);
  Router router({}, std::move(otherwise));
  for (auto& [key, route] : keyed) {
    CAIRN_ASSIGN(auto parts, parts_of(route.pattern));
    router.patterns_.push_back(std::move(parts));
    router.routes_.push_back(std::move(route));
  }
  return router;
}

std::variant<Router::Match, Router::NoPath, Router::NoMethod> Router::match(
    Method method, const std::vector<std::string>& parts) const {
  std::vector<std::pair<std::string, std::string>> values;
  std::set<Method> allowed;
  const Route* get = nullptr;
  std::vector<std::pair<std::string, std::string>> get_values;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (!matches(patterns_[i], parts, values)) continue;
    const Route& route = routes_[i];
    if (route.method == method) return Match{&route, std::move(values)};
    allowed.insert(route.method);
    if (route.method == Method::kGet) {
      allowed.insert(Method::kHead);
      if (get == nullptr) {
        get = &route;
        get_values = values;
      }
    }
  }
  if (method == Method::kHead && get != nullptr) return Match{get, std::move(get_values)};
  if (allowed.empty()) return NoPath{};
  std::vector<std::string> names;
  for (const Method name : allowed) names.emplace_back(to_string(name));
  return NoMethod{join(names, ", ")};
}

}  // namespace cairn::http
