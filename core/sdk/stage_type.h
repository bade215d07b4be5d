// StageType: a stage and its name, as a plugin registers it.
//
//   cairn::stage_type<Dedup>("dedup", "Drops near-duplicate samples").random().self_test(…)
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/sdk/stage.h"

namespace cairn {

// A small run of a stage that shows it at work, for `cairn plugins check`: seconds at most, with
// several checkpoints where it has any. Its inputs are written below folder().
class SelfTest {
 public:
  explicit SelfTest(fs::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] const fs::path& folder() const { return folder_; }
  // As in a workflow: "10s", 20000.
  template <typename T>
  SelfTest& param(const std::string& name, const T& value) {
    params_[name] = param_value(value);
    return *this;
  }
  // Again for a list.
  SelfTest& input(const std::string& name, const fs::path& path) {
    inputs_[name].push_back(path);
    return *this;
  }
  // Writes the records to folder()/NAME.jsonl, for an input of a kind that is JSON Lines.
  template <typename Record>
  [[nodiscard]] Result<void> records(const std::string& name, const std::vector<Record>& records) {
    const fs::path path = folder_ / (name + ".jsonl");
    CAIRN_ASSIGN(auto writer, RecordWriter<Record>::create(path));
    for (const Record& record : records) CAIRN_TRY(writer.write(record));
    CAIRN_TRY(writer.close());
    input(name, path);
    return {};
  }
  // Declared outputs are expected anyway; this one comes from a parameter (shell).
  SelfTest& output(const std::string& name) {
    outputs_.push_back(name);
    return *this;
  }

  [[nodiscard]] const json::object& params() const { return params_; }
  [[nodiscard]] const std::map<std::string, std::vector<fs::path>>& inputs() const {
    return inputs_;
  }
  [[nodiscard]] const std::vector<std::string>& outputs() const { return outputs_; }

 private:
  fs::path folder_;
  json::object params_;
  std::map<std::string, std::vector<fs::path>> inputs_;
  std::vector<std::string> outputs_;
};

class StageType {
 public:
  using MakeStage = std::function<std::unique_ptr<Stage>()>;
  using Prepare = std::function<Result<void>(SelfTest&)>;

  StageType(std::string name, std::string doc, MakeStage make)
      : name_(std::move(name)), doc_(std::move(doc)), make_(std::move(make)) {}

  // Raised when outputs for the same inputs change: results of older revisions are not reused.
  StageType& revision(int revision) {
    revision_ = revision;
    return *this;
  }
  // The stage draws random numbers: its seed becomes part of the cache key.
  StageType& random() {
    random_ = true;
    return *this;
  }
  // The same inputs each time it is called.
  StageType& self_test(Prepare prepare) {
    self_test_ = std::move(prepare);
    return *this;
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::unique_ptr<Stage> make() const { return make_(); }
  // Empty where it has none.
  [[nodiscard]] const Prepare& self_test() const { return self_test_; }
  [[nodiscard]] StageDecl declaration() const {
    StageDecl decl = make_()->declaration();
    decl.name = name_;
    decl.doc = doc_;
    decl.revision = revision_;
    decl.random = random_;
    decl.self_test = static_cast<bool>(self_test_);
    return decl;
  }

 private:
  std::string name_;
  std::string doc_;
  MakeStage make_;
  int revision_ = 1;
  bool random_ = false;
  Prepare self_test_;
};

template <typename T>
[[nodiscard]] StageType stage_type(std::string name, std::string doc) {
  return StageType(std::move(name), std::move(doc), [] { return std::make_unique<T>(); });
}

}  // namespace cairn
