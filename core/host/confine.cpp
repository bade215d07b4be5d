#include "core/host/confine.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/fd.h"

namespace cairn::host {
namespace {

constexpr std::uint64_t kWrites =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER;

Result<void> allow(int ruleset, const fs::path& folder, std::uint64_t access) {
  const Fd handle(::open(folder.c_str(), O_PATH | O_CLOEXEC));
  if (handle.get() < 0) return io_error("open", folder, errno);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = handle.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return io_error("confine writes to", folder, errno);
  return {};
}

}  // namespace

Result<bool> confine_writes(const std::vector<fs::path>& folders) {
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kWrites;
  const Fd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  // EINVAL: of before 5.19, which would forbid every rename to another folder.
  if (ruleset.get() < 0 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL))
    return false;
  if (ruleset.get() < 0) return io_error("confine writes to", "folders", errno);
  for (const fs::path& folder : folders) CAIRN_TRY(allow(ruleset.get(), folder, kWrites));
  CAIRN_TRY(allow(ruleset.get(), "/dev", LANDLOCK_ACCESS_FS_WRITE_FILE));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return io_error("confine writes to", "folders", errno);
  return true;
}

}  // namespace cairn::host
