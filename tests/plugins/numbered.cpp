// A small plugin of the size that most have, whose stage type can be renamed in the file.
#include "core/sdk/plugin.h"

namespace {

// No constant: the compiler would take it apart.
char stage_name[] = "bench.number_00";

struct Filter : cairn::Stage {
  cairn::Param<double> threshold{this, "threshold", 0.8,
                                 "Similarity above which two records are duplicates"};
  cairn::Param<std::int64_t> batch{this, "batch", 64, "Records at a time", cairn::AtLeast{1}};
  cairn::Param<std::string> field{this, "field", "question", "Field that is compared"};
  cairn::Param<bool> strict{this, "strict", false, "Drop what cannot be compared"};
  cairn::Input<cairn::kind::File> records{this, "records", "Records to filter"};
  cairn::Output<cairn::kind::File> kept{this, "kept", "Records that remain"};
  cairn::Result<void> run(cairn::StageContext&) override { return {}; }
};

}  // namespace

CAIRN_PLUGIN(cairn::stage_type<Filter>(stage_name, "Drops records that are alike"))
