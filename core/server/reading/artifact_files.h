// The files of an artifact. Its folder was written by a stage: no link in it is followed, no name
// leads out of it.
#pragma once

#include <string>

#include "core/artifacts/content_store.h"
#include "core/base/json.h"
#include "core/server/reading/open_file.h"

namespace cairn {

inline constexpr std::size_t kMostFilesOnAPage = 1000;
inline constexpr std::size_t kMostFilesListed = 100'000;

struct ArtifactFilesRequest {
  Digest digest;
  std::string after;  // a name; only those behind it
  std::size_t limit = 200;
};
// {"digest","folder": bool,"files":[{"name","bytes"}] by name,"next": the last name, null at the
//  end,"more"?: true where there are more files than are listed,"left_out"?: links and others that
//  are no files}. Of an artifact that is one file: that file, its name empty.
// kInvalidArgument: no digest, or a limit that is none. kNotFound: no such artifact.
[[nodiscard]] Result<json::object> artifact_files(const ContentStore& store,
                                                  const ArtifactFilesRequest& request);

// For reading and sending. name: of a file in the folder, "" where the artifact is one file.
// kInvalidArgument: no digest, a name that leads elsewhere, a folder (the hint names files in it),
// or a link. kNotFound: no such artifact or file. No error says where on the disk it lies.
[[nodiscard]] Result<OpenFile> open_artifact_file(const ContentStore& store, const Digest& digest,
                                                  std::string_view name);

}  // namespace cairn
