// StoreUse: which state folders use a store of artifacts. Garbage collection knows the runs of one
// of them only, so it must know whether there are others.
//
//   STORE/users/ID.json    {"state_folder","machine","temporary"}, locked while its engine runs
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/file_lock.h"

namespace cairn {

struct StoreUser {
  std::string id;  // letters, digits, '-'
  fs::path state_folder;
  std::string machine;     // its host name
  bool temporary = false;  // it is no user any more once its engine has ended

  bool operator==(const StoreUser&) const = default;
};

// Says so from now on, also when the process has ended, unless the user is temporary.
class StoreUse {
 public:
  [[nodiscard]] static Result<StoreUse> begin(FileSystem& files, const fs::path& store_folder,
                                              const StoreUser& user);
  StoreUse() = default;
  StoreUse(StoreUse&& other) noexcept
      : lock_(std::move(other.lock_)), temporary_(std::exchange(other.temporary_, {})) {}
  StoreUse& operator=(StoreUse&& other) noexcept {
    std::swap(lock_, other.lock_);
    std::swap(temporary_, other.temporary_);
    return *this;
  }
  ~StoreUse();

 private:
  FileLock lock_;
  fs::path temporary_;  // the file to remove; empty: it stays
};

struct OtherUser {
  StoreUser user;
  fs::path file;
};
// Everybody but `self`, sorted by id. Those are forgotten whose state folder lay on this machine
// and is gone, or is now `self`'s, and temporary ones that have ended.
[[nodiscard]] Result<std::vector<OtherUser>> other_users(FileSystem& files,
                                                         const fs::path& store_folder,
                                                         const StoreUser& self);

[[nodiscard]] std::string machine_name();

}  // namespace cairn
