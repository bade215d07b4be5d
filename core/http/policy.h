// Content-Security-Policy of the answers that need more than the default, which allows nothing
// (wire.h). A route sets it as the field kPolicyField of its answer.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/http/entropy.h"

namespace cairn::http {

inline constexpr const char* kPolicyField = "Content-Security-Policy";

// For what others wrote, such as artifacts: were it shown in spite of being a download, it could
// run nothing, load nothing and belongs to no origin.
inline constexpr const char* kSandboxPolicy =
    "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

// For the page itself: scripts, styles, images and requests of its own origin only; <style>
// elements with the nonce, which is new in every answer.
[[nodiscard]] std::string page_policy(const std::string& nonce);
// 128 bits.
[[nodiscard]] Result<std::string> new_nonce(const Entropy& entropy = system_entropy);

}  // namespace cairn::http
