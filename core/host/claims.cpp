#include "core/host/claims.h"

namespace cairn::host {

Result<void> Claims::begin() {
  if (!file_) {
    CAIRN_ASSIGN(file_, files_.open_append(path_));
  }
  return file_->size() > 0 && settled_() ? files_.truncate(path_, 0) : Result<void>();
}

// Not synced: who publishes ends with the machine.
Result<void> Claims::add(const Digest& digest) {
  return file_->append(digest + "\n");
}

}  // namespace cairn::host
