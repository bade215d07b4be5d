// schemas/*.proto of the API, compiled into the program by schemas/CMakeLists.txt.
#pragma once

#include <string_view>

namespace cairn::api {

// A serialized google.protobuf.FileDescriptorSet with source information.
[[nodiscard]] std::string_view descriptor_set();

}  // namespace cairn::api
