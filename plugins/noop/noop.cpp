// noop: a stage that takes anything and makes nothing; a point where branches of a workflow meet.
#include "core/sdk/plugin.h"

namespace {

struct Noop : cairn::Stage {
  Noop() { declare_open_inputs(); }
  cairn::Result<void> run(cairn::StageContext&) override { return {}; }
};

}  // namespace

CAIRN_PLUGIN(cairn::stage_type<Noop>(
    "noop", "Does nothing; with inputs or `after`, a point where branches meet"))
