// sce_merge: one model from several that grew from the same base (RECIPE §5).
#include <cstdio>

#include "core/sdk/plugin.h"
#include "plugins/lib/self_test/inputs.h"
#include "plugins/sce_merge/merge_folder.h"

namespace cairn {
namespace {

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %%", 100 * share);
  return text;
}

struct SceMerge : Stage {
  Param<std::string> variant{this, "variant", "cairn",
                             "cairn: as published; mergekit and fusechat: as these programs do it",
                             Choices{{"cairn", "mergekit", "fusechat"}}};
  Param<double> select_topk{this, "select_topk", 1.0,
                            "Share of the elements with variance that Select keeps",
                            Range{0.0, 1.0}};
  Param<std::string> dtype{this, "dtype", "base",
                           "Format of the merged weights; base: each tensor's there",
                           Choices{{"base", "float32", "bfloat16", "float16"}}};
  Input<kind::Model> base{this, "base", "The model that all experts grew from"};
  InputList<kind::Model> experts{this, "experts", "Models to merge"};
  Output<kind::Model> model{this, "model", "The merged model"};
  Metric delta_norm{this, "delta_norm", "norm", "How far the merged model is from the base"};
  Metric select_dropped{this, "select_dropped", "share", "Parameters that the selection left out"};

  Result<void> run(StageContext& ctx) override {
    sce::MergeJob job{base.path(), experts.paths(), model.path(), {}, std::nullopt};
    CAIRN_ASSIGN(job.options.variant, sce::parse_variant(*variant));
    job.options.select_topk = *select_topk;
    if (*dtype != "base") {
      CAIRN_ASSIGN(job.dtype, model::dtype_from_name(*dtype));
    }
    if (job.experts.size() == 1 && *select_topk < 1 && *variant != "fusechat")
      ctx.warn("one expert has no variance: with select_topk below 1 the merge returns the base");
    CAIRN_ASSIGN(const auto report,
                 sce::merge_folders(job, [&](std::size_t done, std::size_t total) {
                   ctx.progress(done, total, "tensors");
                   return !ctx.cancelled();
                 }));
    ctx.progress(report.tensors, report.tensors, "tensors");
    for (const auto& warning : report.warnings) ctx.warn(warning);
    const double dropped = report.delta_norm > 0 ? report.dropped_norm / report.delta_norm : 0;
    if (dropped > 0)
      ctx.warn("Select dropped " + percent(dropped) +
               " of the norm of all differences to the base");
    delta_norm.record(ctx, 0, report.delta_norm);
    select_dropped.record(ctx, 0, dropped);
    return {};
  }
};

}  // namespace
}  // namespace cairn

CAIRN_PLUGIN(cairn::stage_type<cairn::SceMerge>(
                 "sce_merge", "Merges models by Select, Calculate, Erase, tensor by tensor")
                 .self_test([](cairn::SelfTest& test) -> cairn::Result<void> {
                   CAIRN_TRY(cairn::self_test::give_model(test, "base", 1));
                   CAIRN_TRY(cairn::self_test::give_model(test, "experts", 2));
                   CAIRN_TRY(cairn::self_test::give_model(test, "experts", 3));
                   test.param("select_topk", 0.5);
                   return {};
                 }))
