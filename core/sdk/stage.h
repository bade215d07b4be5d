// Stage: what a plugin author derives from. Members declare and read at once, so names cannot
// drift:
//
//   struct Dedup : cairn::Stage {
//     cairn::Param<double> threshold{this, "threshold", 0.8, "Similarity of duplicates",
//                                    cairn::Range{0.0, 1.0}};
//     cairn::Input samples{this, "samples", cairn::kind::kQa, "Samples to filter"};
//     cairn::Output kept{this, "kept", cairn::kind::kQa, "Samples that remain"};
//     cairn::Result<void> run(cairn::StageContext& ctx) override;
//   };
//   CAIRN_PLUGIN(cairn::stage_type<Dedup>("dedup", "Drops near-duplicate samples"))
//
// A stage object serves one attempt: constructed, bound, run, destroyed, all on one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/sdk/context.h"
#include "core/sdk/declaration.h"

namespace cairn {

struct Tokens {
  std::int64_t count = 0;
};
struct Bytes {
  std::int64_t count = 0;
};

// Options of a parameter or port.
struct Range {
  double min;
  double max;
};
struct AtLeast {
  double min;
};
struct Choices {
  std::vector<std::string> names;
};
struct Content {};   // Param<fs::path>: keyed by what the path names
struct Optional {};  // an input that may be left out
struct Required {};  // a parameter without default: Param<T> p{this, "name", Required{}, "doc"}
struct KindFromParam {
  const char* param;
};

// What one attempt runs with. Params are canonical (canonical_params); inputs are read-only paths,
// absent ones left out; outputs are written to out_dir/NAME.
struct StageBinding {
  json::object params;
  std::map<std::string, std::vector<fs::path>> inputs;
  fs::path out_dir;
};

class ParamBase;
class InputBase;
class Output;

class Stage {
 public:
  Stage() = default;
  virtual ~Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // Does the work: reads inputs, writes every declared output to its path(). An error fails the
  // attempt with its message.
  [[nodiscard]] virtual Result<void> run(StageContext& ctx) = 0;

  // Fills name, doc, revision and random from the type; the rest from the members.
  [[nodiscard]] StageDecl declaration() const;
  [[nodiscard]] Result<void> bind(const StageBinding& binding);
  [[nodiscard]] const StageBinding& binding() const { return binding_; }

 protected:
  // For stages whose ports depend on the workflow (shell).
  void declare_open_inputs() { open_inputs_ = true; }
  void declare_outputs_from_param(std::string param) { outputs_from_param_ = std::move(param); }

 private:
  friend class ParamBase;
  friend class InputBase;
  friend class Output;
  std::vector<ParamBase*> params_;
  std::vector<InputBase*> inputs_;
  std::vector<Output*> outputs_;
  bool open_inputs_ = false;
  std::string outputs_from_param_;
  StageBinding binding_;
};

class ParamBase {
 public:
  virtual ~ParamBase() = default;
  ParamBase(const ParamBase&) = delete;
  ParamBase& operator=(const ParamBase&) = delete;
  [[nodiscard]] const ParamDecl& decl() const { return decl_; }

 protected:
  ParamBase(Stage* stage, const char* name, ParamType type, const char* doc);
  void apply(const Range& range);
  void apply(const AtLeast& bound);
  void apply(const Choices& choices);
  void apply(const Content& content);
  ParamDecl decl_;

 private:
  friend class Stage;
  virtual Result<void> read(const json::value& canonical) = 0;
};

// How each C++ type of a parameter is declared, written and read.
template <typename T>
struct ParamTraits;

#define CAIRN_PARAM_TRAITS(cpp_type, param_type)              \
  template <>                                                 \
  struct ParamTraits<cpp_type> {                              \
    static constexpr ParamType kType = ParamType::param_type; \
    static json::value write(const cpp_type& value);          \
    static Result<cpp_type> read(const json::value& value);   \
  };
CAIRN_PARAM_TRAITS(bool, kBool)
CAIRN_PARAM_TRAITS(std::int64_t, kInt)
CAIRN_PARAM_TRAITS(double, kDouble)
CAIRN_PARAM_TRAITS(std::string, kString)
CAIRN_PARAM_TRAITS(Tokens, kTokens)
CAIRN_PARAM_TRAITS(Bytes, kBytes)
CAIRN_PARAM_TRAITS(Duration, kDuration)
CAIRN_PARAM_TRAITS(fs::path, kPath)
CAIRN_PARAM_TRAITS(std::vector<std::string>, kStringList)
CAIRN_PARAM_TRAITS(std::vector<std::int64_t>, kIntList)
CAIRN_PARAM_TRAITS(std::vector<double>, kDoubleList)
CAIRN_PARAM_TRAITS(json::value, kJson)
#undef CAIRN_PARAM_TRAITS

template <typename T>
class Param final : public ParamBase {
 public:
  template <typename... Options>
  Param(Stage* stage, const char* name, T default_value, const char* doc, Options... options)
      : ParamBase(stage, name, ParamTraits<T>::kType, doc), value_(std::move(default_value)) {
    decl_.default_value = ParamTraits<T>::write(value_);
    (apply(options), ...);
  }
  template <typename... Options>
  Param(Stage* stage, const char* name, Required, const char* doc, Options... options)
      : ParamBase(stage, name, ParamTraits<T>::kType, doc) {
    decl_.required = true;
    (apply(options), ...);
  }

  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }

 private:
  Result<void> read(const json::value& canonical) override {
    CAIRN_ASSIGN(value_, ParamTraits<T>::read(canonical));
    return {};
  }
  T value_{};
};

class InputBase {
 public:
  virtual ~InputBase() = default;
  InputBase(const InputBase&) = delete;
  InputBase& operator=(const InputBase&) = delete;
  [[nodiscard]] const PortDecl& decl() const { return decl_; }
  [[nodiscard]] bool present() const { return !paths_.empty(); }

 protected:
  InputBase(Stage* stage, const char* name, const char* kind, const char* doc);
  PortDecl decl_;
  std::vector<fs::path> paths_;

 private:
  friend class Stage;
};

class Input final : public InputBase {
 public:
  Input(Stage* stage, const char* name, const char* kind, const char* doc)
      : InputBase(stage, name, kind, doc) {}
  Input(Stage* stage, const char* name, const char* kind, const char* doc, Optional)
      : InputBase(stage, name, kind, doc) {
    decl_.optional = true;
  }
  // Only when present().
  [[nodiscard]] const fs::path& path() const { return paths_.front(); }
};

class InputList final : public InputBase {
 public:
  InputList(Stage* stage, const char* name, const char* kind, const char* doc)
      : InputBase(stage, name, kind, doc) {
    decl_.list = true;
  }
  InputList(Stage* stage, const char* name, const char* kind, const char* doc, Optional)
      : InputList(stage, name, kind, doc) {
    decl_.optional = true;
  }
  // In the order of the workflow.
  [[nodiscard]] const std::vector<fs::path>& paths() const { return paths_; }
};

class Output final {
 public:
  Output(Stage* stage, const char* name, const char* kind, const char* doc);
  Output(Stage* stage, const char* name, KindFromParam kind, const char* doc);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  [[nodiscard]] const PortDecl& decl() const { return decl_; }
  // Where the stage writes the file or folder; nothing stands there when run() begins.
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  friend class Stage;
  PortDecl decl_;
  fs::path path_;
};

}  // namespace cairn
