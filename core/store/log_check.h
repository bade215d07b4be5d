// A check of RocksDB's logs (write-ahead logs and manifest) before RocksDB reads them. RocksDB
// takes a flipped bit in a record's type or length for the end of the log, and drops what follows.
// Here only a log that ends inside a record, with no whole record after the cut, counts as torn.
#pragma once

#include <rocksdb/env.h>

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace cairn {

// What is wrong with the bytes of a log; empty: nothing, or a torn end.
[[nodiscard]] std::string find_log_damage(std::string_view bytes);

// Checks every log in a database's folder. kCorrupt names the file and the place.
[[nodiscard]] Result<void> check_logs(rocksdb::Env& env, const std::string& folder);

}  // namespace cairn
