// The keys of a workflow file, as tables. The checker and the JSON Schema both read them, so
// neither can know a key that the other does not.
#pragma once

#include <string>
#include <vector>

#include "core/sdk/declaration.h"
#include "core/workflow/diagnostics.h"
#include "core/workflow/yaml.h"

namespace cairn {

// What stands below a key.
enum class KeyForm {
  kValue,      // one value, described by decl
  kName,       // one word
  kStageType,  // name of a stage type
  kCondition,  // true, false or a `${…}`
  kNames,      // one stage name or a list of them
  kTextMap,    // names to texts
  kParams,     // parameter declarations, or values below `extends`
  kStages,     // stage names to stages
  kWith,       // parameters of the stage type
  kInputs,     // ports to references STAGE.OUTPUT
  kRetry,
  kResources,
  kDefaults,
  kMatrix,     // axes to lists, and matrix_keys
  kForeach,    // STAGE.OUTPUT or foreach_keys
  kReference,  // STAGE.OUTPUT
  kCells,      // list of maps from axes to values
  kCounts,     // names to whole numbers
  kApproval,   // true, false or a question
  kWatchdogs,  // list of watchdog_keys
  kNotify,
  kWords,  // one of decl's choices or a list of them
  kAny,    // any value
};

struct Key {
  ParamDecl decl;  // name, doc, required; type, range and choices of a kValue
  KeyForm form = KeyForm::kValue;
  bool in_defaults = false;  // of stage_keys: may stand in `defaults`, too
};

[[nodiscard]] const std::vector<Key>& workflow_keys();
[[nodiscard]] const std::vector<Key>& stage_keys();
[[nodiscard]] const std::vector<Key>& defaults_keys();
[[nodiscard]] const std::vector<Key>& retry_keys();
[[nodiscard]] const std::vector<Key>& resource_keys();
[[nodiscard]] const std::vector<Key>& matrix_keys();  // beside the axes
[[nodiscard]] const std::vector<Key>& foreach_keys();
[[nodiscard]] const std::vector<Key>& watchdog_keys();
[[nodiscard]] const std::vector<Key>& notify_keys();
// Of one parameter's declaration below `params`.
[[nodiscard]] const std::vector<Key>& param_keys();

[[nodiscard]] const Key* find_key(const std::vector<Key>& keys, std::string_view name);

// Letters, digits, '_', '-' and, where dots is true, '.'; begins with a letter or '_'.
[[nodiscard]] bool is_name(std::string_view text, bool dots = false);

// Reports unknown keys and missing required ones of a map. `of` says what
// the map is: "the workflow", "stage 'rl1'".
void check_keys(const YamlNode& map, const std::vector<Key>& keys, const std::string& of,
                Diagnostics& diagnostics);

// canonical_param with the position of what is wrong: of the field or element, not of the whole.
// `value` is node's value after its expressions were evaluated. of_key: decl is a Key's, which
// messages do not call a parameter. suffix: stands at the end of the message.
[[nodiscard]] std::optional<json::value> canonical_at(const ParamDecl& decl,
                                                      const json::value& value,
                                                      const YamlNode& node,
                                                      Diagnostics& diagnostics, bool of_key = false,
                                                      const std::string& suffix = {});

}  // namespace cairn
