// Memory as an error instead of a crash: what a piece of work needs is compared with what there is
// before it is asked for, and an allocation that fails all the same becomes an Error.
#pragma once

#include <c10/util/Exception.h>

#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "core/base/result.h"

namespace cairn::model {

// What this process may still take: of the machine and of its cgroup. Nothing where neither tells.
[[nodiscard]] std::optional<std::int64_t> available_memory();

// "1.5 GiB"
[[nodiscard]] std::string bytes_text(std::int64_t bytes);

// kResourceExhausted naming `what`, the bytes needed and the bytes there; `lower` is the hint.
[[nodiscard]] Result<void> check_memory(std::int64_t bytes, const std::string& what,
                                        const std::string& lower);

// The Error of an allocation that failed while `doing`.
[[nodiscard]] Error out_of_memory(const std::string& doing, std::int64_t estimate,
                                  const std::string& lower);
// The first line of a message of LibTorch's; kResourceExhausted when it speaks of memory.
[[nodiscard]] Error torch_error(const std::string& message, const std::string& doing,
                                std::int64_t estimate, const std::string& lower);

// work(), a Result<...>; its exceptions (bad_alloc, those of LibTorch) become Errors.
template <typename Work>
auto guarded(const std::string& doing, std::int64_t estimate, const std::string& lower,
             const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const c10::Error& error) {
    return torch_error(error.what_without_backtrace(), doing, estimate, lower);
  } catch (const std::bad_alloc&) {
    return out_of_memory(doing, estimate, lower);
  } catch (const std::exception& error) {
    return torch_error(error.what(), doing, estimate, lower);
  }
}

}  // namespace cairn::model
