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
  std::string doc;  // of the parameter
};
// By stage, then by parameter.
using ContentPlaces = std::map<std::string, std::map<std::string, ContentPlace>>;

// Paths declared as content, and the `files` of the shell stage.
[[nodiscard]] bool is_content(const StageDecl& stage, const ParamDecl& param);

// Whether a value is a secret or holds one.
[[nodiscard]] bool holds_secret(const json::value& value);

// Calls use for every text that is not empty of a value and of what it holds.
void for_each_path(json::value& value, const std::function<void(json::value& path)>& use);

// The content parameters of a stage.
[[nodiscard]] std::map<std::string, ContentPlace> content_places(const StageDraft& draft,
                                                                 const StageSources& sources);

// Reports content that is missing, for enabled stages. Fills key_params of every stage; with
// identify, content paths become digests there and in the key_params of cells (each path is read
// once).
void identify_contents(WorkflowSpec& spec, bool identify, const ContentPlaces& places,
                       Diagnostics& diagnostics);

}  // namespace cairn
