// Sources: what a workflow says the corpus is read from.
#pragma once

#include <vector>

#include "core/base/json.h"
#include "plugins/corpus/draft.h"

namespace cairn::corpus {

// The parameter `sources` as a user writes it. Errors name the element and its key.
[[nodiscard]] Result<std::vector<Source>> parse_sources(const json::value& list);

// The sources of the demo: sources.json, in the packages that packages.txt lists.
[[nodiscard]] const char* demo_sources();

// The files a source names, sorted by path: the file itself, or the files of a folder (and of the
// folders below it) that end in `extension`. Links are passed over.
// A path that begins at the root stands for itself.
// Errors: the path is not there, or begins nowhere because `packages` is empty.
[[nodiscard]] Result<std::vector<fs::path>> files_of(const Source& source, const fs::path& packages,
                                                     std::string_view extension);

// Source package and version that a package folder's `control` names; its own name and no version
// where there is no such file.
struct Origin {
  std::string package;
  std::string version;
};
[[nodiscard]] Origin origin_of(const Source& source, const fs::path& packages);

// Which drafts a source's limit keeps: those with the smallest SHA-256 of their id, each followed
// by what it links to, so that links have both ends. Adding a document moves few others.
[[nodiscard]] std::vector<bool> within_limit(const Source& source,
                                             const std::vector<Draft>& drafts);

}  // namespace cairn::corpus
