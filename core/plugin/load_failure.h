// What the dynamic loader's complaint means for whoever has the library: which library or symbol is
// missing, who needs it, and the command that finds it.
#pragma once

#include <string>
#include <string_view>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// complaint: the text of dlerror() after loading `library` failed. What is not recognised is
// passed on as it is.
[[nodiscard]] Error explain_load_failure(const fs::path& library, std::string_view complaint);

// "cairn::Stage::run(int)" for "_ZN5cairn5Stage3runEi"; what is no C++ name stays as it is.
[[nodiscard]] std::string demangled(const std::string& symbol);

}  // namespace cairn
