// Content parameters: paths whose content, not whose name, decides about the cache.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/workflow/diagnostics.h"
#include "core/workflow/spec.h"
#include "core/workflow/stage_reader.h"

namespace cairn {

// Where the values of a stage's content parameters stand, for messages.
struct ContentPlace {
  SourcePtr source;
  std::size_t offset = 0;
  ParamDecl param;
};
// By stage, then by parameter.
using ContentPlaces = std::map<std::string, std::map<std::string, ContentPlace>>;

// Whether a value of this declaration is a path or can hold one.
[[nodiscard]] bool has_paths(const ParamDecl& decl);
// The same for paths declared as content.
[[nodiscard]] bool has_content(const ParamDecl& decl);

// Calls use for every path of a canonical value that is not empty.
void for_each_path(const ParamDecl& decl, json::value& value,
                   const std::function<void(json::value& path, bool content)>& use);

// Paths of a canonical value, those of secrets in files included, begin at the folder.
void resolve_paths(const ParamDecl& decl, json::value& value, const fs::path& folder);

// The content parameters of a stage.
[[nodiscard]] std::map<std::string, ContentPlace> content_places(const StageDraft& draft,
                                                                 const StageSources& sources);

// Reports content that is missing, for enabled stages. Fills key_params of every stage; with
// identify, content paths become digests there and in the key_params of cells (each path is read
// once).
void identify_contents(WorkflowSpec& spec, bool identify, const ContentPlaces& places,
                       Diagnostics& diagnostics);

}  // namespace cairn
