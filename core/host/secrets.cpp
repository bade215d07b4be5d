#include "core/host/secrets.h"

#include <cstdlib>

#include "core/base/files.h"

namespace cairn::host {
namespace {

constexpr std::string_view kKey = "$secret";
constexpr std::string_view kVariable = "env:";
constexpr std::string_view kFile = "file:";

Result<std::string> look_up(const std::string& reference) {
  const std::string rest = reference.substr(reference.find(':') + 1);
  if (reference.starts_with(kVariable)) {
    const char* value = std::getenv(rest.c_str());
    if (value == nullptr)
      return not_found("secret '" + reference + "' is missing: the host has no such variable",
                       "set " + rest + " in the environment Cairn is started in");
    return std::string(value);
  }
  if (reference.starts_with(kFile)) {
    auto text = real_file_system().read(rest);
    if (!text.ok())
      return with_context(std::move(text).error(), "secret '" + reference + "' is missing");
    if (text->ends_with('\n')) text->pop_back();
    if (text->ends_with('\r')) text->pop_back();
    return std::move(text).value();
  }
  return invalid_argument("'" + reference + "' names no secret", "write env:NAME or file:PATH");
}

Result<void> resolve(json::value& value, std::vector<std::string>* values) {
  if (auto* list = value.if_array()) {
    for (auto& item : *list) CAIRN_TRY(resolve(item, values));
    return {};
  }
  auto* object = value.if_object();
  if (object == nullptr) return {};
  const json::value* reference = object->size() == 1 ? object->if_contains(kKey) : nullptr;
  if (reference == nullptr) return resolve_secrets(*object, values);
  if (!reference->is_string())
    return invalid_argument("a $secret is no text", "write env:NAME or file:PATH");
  CAIRN_ASSIGN(std::string text, look_up(std::string(reference->as_string())));
  values->push_back(text);
  value = json::string(text);
  return {};
}

}  // namespace

bool may_name_secrets(std::string_view text) {
  return text.find(kKey) != std::string_view::npos;
}

Result<void> resolve_secrets(json::object& params, std::vector<std::string>* values) {
  for (auto& member : params) CAIRN_TRY(resolve(member.value(), values));
  return {};
}

}  // namespace cairn::host
