// Documents of the shapes that the corpus stage makes, on both sides of the partition: what the
// stages are tested with.
#pragma once

#include <string>
#include <vector>

#include "plugins/lib/text/records.h"

namespace cairn::synthesis {

// An id beginning with `name` that lies on this side.
[[nodiscard]] std::string id_on_side(const std::string& name, bool held);

// On each side: countries with codes, zones that name a country's code, packages that name others,
// tables of two schemas.
[[nodiscard]] std::vector<text::Document> sample_documents(int countries = 12, int zones = 40,
                                                           int packages = 30, int tables = 24);

}  // namespace cairn::synthesis
