// InertFile: a file whose writes succeed and reach nothing.
#pragma once

#include <rocksdb/file_system.h>

namespace cairn {

class InertFile final : public rocksdb::FSWritableFile {
 public:
  using Slice = rocksdb::Slice;
  using IOStatus = rocksdb::IOStatus;
  using IOOptions = rocksdb::IOOptions;
  using IODebugContext = rocksdb::IODebugContext;

  IOStatus Append(const Slice&, const IOOptions&, IODebugContext*) override { return {}; }
  IOStatus Append(const Slice&, const IOOptions&, const rocksdb::DataVerificationInfo&,
                  IODebugContext*) override {
    return {};
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return {}; }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return {}; }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return {}; }
};

}  // namespace cairn
