// Which environment variables plugins find, and programs that they start: no more than it takes to
// run as their user expects. What may be a password of something else is not among them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cairn {

// Of "NAME=VALUE" entries those that say where things are (PATH, HOME, TMPDIR, LD_LIBRARY_PATH,
// PYTHONPATH, XDG_*, ...), the language and time zone, how numerical libraries compute (OMP_*,
// CUDA_*, ...), what a job of Slurm may use, and CAIRN_*; none that holds a token. And those that
// `more` names: whole names, or beginnings that end in '*'. The order is kept.
[[nodiscard]] std::vector<std::string> least_environment(const std::vector<std::string>& entries,
                                                         const std::vector<std::string>& more = {});

// "NAME" of "NAME=VALUE".
[[nodiscard]] std::string_view variable_name(std::string_view entry);

}  // namespace cairn
