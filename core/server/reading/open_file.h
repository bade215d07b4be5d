// Files below a folder that others write into: opened without following whatever they put there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/fd.h"
#include "core/base/files.h"
#include "core/base/result.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn {

struct OpenFile {
  Fd fd;                   // for reading; pread it
  std::uint64_t size = 0;  // when it was opened
};

// Relative, '/' between parts, none of them empty, "." or ".."; no '\\', no NUL, valid
// UTF-8.
[[nodiscard]] bool is_file_name_below(std::string_view name);

// The regular file FOLDER/NAME. No link is followed below the folder, not even one that stays
// within. kInvalidArgument: such a name may not be. kNotFound: no such file. kCorrupt: a link, or
// one on the way, or something else than a file. Errors name the file as it was named, not the
// folder. Never waits, not for a pipe either.
[[nodiscard]] Result<OpenFile> open_beneath(const fs::path& folder, std::string_view name);
// The same by one openat for each part, as where the kernel has no openat2.
[[nodiscard]] Result<OpenFile> open_beneath_by_walk(const fs::path& folder, std::string_view name);

// A folder, likewise: to name files in it.
[[nodiscard]] Result<Fd> open_folder_beneath(const fs::path& folder, std::string_view name);

// A file of a task, "attempt-1/log.jsonl": no link is followed below STORE/runs.
[[nodiscard]] Result<OpenFile> open_task_file(const TaskFolder& task, std::string_view name);

// A folder of a task, "attempt-1", to open files in.
[[nodiscard]] Result<Fd> open_task_folder(const TaskFolder& task, std::string_view name);

// How many bytes came: fewer than `size` at the end of the file only.
[[nodiscard]] Result<std::size_t> read_at(int fd, std::uint64_t offset, char* to, std::size_t size);
// At most `most` bytes from there.
[[nodiscard]] Result<std::string> read_range(int fd, std::uint64_t offset, std::size_t most);

}  // namespace cairn
