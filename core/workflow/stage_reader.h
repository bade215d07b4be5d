// Reads the stages of a workflow one by one; what stands between them is wiring.h's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin/manifest.h"
#include "core/workflow/resolver.h"
#include "core/workflow/spec.h"
#include "core/workflow/yaml.h"

namespace cairn {

// A word that names another stage or one of its outputs, and where it stands.
struct Reference {
  std::string text;
  SourcePtr source;
  std::size_t offset = 0;
};

struct InputDraft {
  std::string port;
  SourcePtr source;
  std::size_t offset = 0;  // of the port's name
  bool list = false;       // written as a list
  std::vector<Reference> references;
};

// A stage on its way to a StageSpec: everything but its wiring is checked.
struct StageDraft {
  StageSpec spec;  // inputs and after are still empty
  SourcePtr source;
  std::size_t offset = 0;           // of the stage's name
  const StageDecl* decl = nullptr;  // null: unknown type, reported
  bool params_valid = false;        // otherwise outputs that depend on parameters are unknown
  std::vector<InputDraft> inputs;
  std::vector<Reference> after;
  std::vector<Reference> condition_reads;
  std::vector<Reference> on_failure;            // stages that handle its failure
  std::vector<Reference> foreach_list;          // one, where it has a foreach
  std::vector<DeclaredOutput> further_outputs;  // of outputs_from_param
  bool many = false;                            // it has a matrix or foreach: its outputs are lists
};

struct StageSources {
  const YamlNode* stages = nullptr;
  const YamlNode* defaults = nullptr;  // may be null
  fs::path folder;                     // relative paths resolve against it
  std::map<std::string, int> pools;    // of the workflow; 0 units: reported
};

// An entry of a map from names to whole numbers from 1.
struct Count {
  std::string name;
  std::size_t offset = 0;  // of the name
  int units = 0;           // 0: reported
};
[[nodiscard]] std::vector<Count> read_counts(const YamlNode& map, const char* what,
                                             const Resolver& resolver, Diagnostics& diagnostics);

// All stages in the order of the file.
[[nodiscard]] std::vector<StageDraft> read_stages(const StageSources& sources,
                                                  const Resolver& resolver,
                                                  const Registry& registry,
                                                  Diagnostics& diagnostics);

}  // namespace cairn
