// Stage: what a plugin author derives from. Members declare and read at once, so names cannot
// drift:
//
//   struct Dedup : cairn::Stage {
//     cairn::Param<double> threshold{this, "threshold", 0.8, "Similarity of duplicates",
//                                    cairn::Range{0.0, 1.0}};
//     cairn::Input<cairn::kind::Qa> samples{this, "samples", "Samples to filter"};
//     cairn::Output<cairn::kind::Qa> kept{this, "kept", "Samples that remain"};
//     cairn::Metric dropped{this, "dropped", "samples", "Samples left out"};
//     cairn::Result<void> run(cairn::StageContext& ctx) override;
//   };
//   CAIRN_PLUGIN(cairn::stage_type<Dedup>("dedup", "Drops near-duplicate samples"))
//
// A stage object serves one attempt: constructed, bound, run, destroyed, all on one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/files.h"
#include "core/sdk/context.h"
#include "core/sdk/declaration.h"
#include "core/sdk/kinds.h"
#include "core/sdk/param.h"
#include "core/sdk/port.h"

namespace cairn {

// What one attempt runs with. Params are canonical (canonical_params); inputs are read-only paths,
// absent ones left out; outputs are written to out_dir/NAME.
struct StageBinding {
  json::object params;
  std::map<std::string, std::vector<fs::path>> inputs;
  fs::path out_dir;
};

class Stage {
 public:
  Stage() = default;
  virtual ~Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // Does the work: reads inputs, writes every declared output to its path(). An error fails the
  // attempt with its message.
  [[nodiscard]] virtual Result<void> run(StageContext& ctx) = 0;

  // Everything but what the type knows: name, doc, revision, random, self_test.
  [[nodiscard]] StageDecl declaration() const;
  [[nodiscard]] Result<void> bind(const StageBinding& binding);
  [[nodiscard]] const StageBinding& binding() const { return binding_; }
  // Once run() has returned: that what stands at each output that is there is of its kind.
  [[nodiscard]] Result<void> check_outputs() const;
  // Null where no port of the stage is of this kind, and it is no common one.
  [[nodiscard]] const Kind* find_kind(std::string_view name) const;

 protected:
  // For stages whose ports depend on the workflow (shell, exec).
  void declare_open_inputs() { open_inputs_ = true; }
  enum class FurtherOutputs { kPaths, kKinds };
  void declare_outputs_from_param(std::string param,
                                  FurtherOutputs values = FurtherOutputs::kPaths) {
    outputs_from_param_ = std::move(param);
    outputs_have_kinds_ = values == FurtherOutputs::kKinds;
  }

 private:
  friend class ParamBase;
  friend class InputBase;
  friend class OutputBase;
  friend class Check;
  friend class Metric;
  friend class Checkpoints;
  std::vector<ParamBase*> params_;
  std::vector<InputBase*> inputs_;
  std::vector<OutputBase*> outputs_;
  std::vector<CheckDecl> checks_;
  std::vector<MetricDecl> metrics_;
  std::optional<CheckpointDecl> checkpoints_;
  bool open_inputs_ = false;
  std::string outputs_from_param_;
  bool outputs_have_kinds_ = false;
  StageBinding binding_;
};

// About the machine and the moment (seconds, bytes per second): no part of the result.
struct Runtime {};

// A metric that the stage records. A name with a '*' declares a family: "reward_*".
class Metric final {
 public:
  Metric(Stage* stage, const char* name, const char* unit, const char* doc);
  Metric(Stage* stage, const char* name, const char* unit, const char* doc, Runtime);
  Metric(const Metric&) = delete;
  Metric& operator=(const Metric&) = delete;
  // Any thread.
  void record(StageContext& ctx, std::int64_t step, double value) const;
  // Of a family: what stands in place of the '*'. Any thread.
  void record(StageContext& ctx, std::string_view part, std::int64_t step, double value) const;

 private:
  std::string name_;
  bool runtime_;
};

// How many of the newest checkpoints stay.
struct Keep {
  int newest;
};

// The checkpoints of a stage: a JSON state, and files where that is not enough.
//
//   cairn::Checkpoints checkpoints{this, "samples", "Every 1000 samples: how far it came"};
//   …
//   CAIRN_ASSIGN(const auto last, checkpoints.latest(ctx));
//   if (last) done = last->step;
//   …
//   CAIRN_TRY(checkpoints.save(ctx, done, {{"kept", kept}}));
class Checkpoints final {
 public:
  // Steps count `unit`; doc says what is saved, and when.
  Checkpoints(Stage* stage, const char* unit, const char* doc, Keep keep = {2});
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  struct Saved {
    std::int64_t step = 0;
    json::object state;
    fs::path folder;  // the files beside it; read-only
  };
  using WriteFiles = std::function<Result<void>(const fs::path& folder)>;

  // Durable when it returns. Steps grow within a task.
  [[nodiscard]] Result<void> save(StageContext& ctx, std::int64_t step, const json::object& state,
                                  const WriteFiles& files = {}) const;
  // Nothing on the first attempt.
  [[nodiscard]] Result<std::optional<Saved>> latest(StageContext& ctx) const;

 private:
  int keep_;
};

}  // namespace cairn
