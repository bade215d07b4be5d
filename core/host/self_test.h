// One attempt of a stage's self-test, for `cairn plugins check`. Whoever orders it does so in a
// process of its own, so that a kill is a kill and a crash harms nobody.
//
//   cairn-host --self-test ORDER.json
//
// ORDER.json (SelfTestOrder) says what to do; the report goes to its `report` file. A process that
// was told to die leaves none.
#pragma once

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/plugin/self_test.h"

namespace cairn::host {

[[nodiscard]] Result<void> run_self_test(const fs::path& order);

}  // namespace cairn::host
