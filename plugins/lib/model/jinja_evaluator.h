// Evaluates the expressions of a template; rendering its statements is built on that.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/lib/model/jinja_ast.h"
#include "plugins/lib/model/jinja_builtins.h"

namespace cairn::model::jinja {

// Names that are set inside of a loop, a macro or a block, seen from there only.
struct Frame {
  Members names;
  const Frame* outer = nullptr;
};

class Evaluator {
 public:
  Evaluator(std::string_view source, Members variables, std::size_t budget)
      : budget_(budget), source_(source), globals_{std::move(variables), nullptr} {}
  virtual ~Evaluator() = default;

 protected:
  // What may stand inside each other while rendering, macros' calls included.
  static constexpr int kMaxDepth = 400;

  class Depth {
   public:
    explicit Depth(Evaluator& evaluator) : evaluator_(evaluator) { ++evaluator_.depth_; }
    ~Depth() { --evaluator_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    Evaluator& evaluator_;
  };

  [[nodiscard]] Result<Value> evaluate(const Node& node);
  // Accounts for one step of rendering; refuses what is too deep.
  [[nodiscard]] Result<void> step(const Node& node);
  // The same error, with the place of the node where it has none.
  [[nodiscard]] Error at(const Node& node, const Error& error) const;
  [[nodiscard]] Error refuse(const Node& node, const std::string& what) const;

  struct Arguments {
    std::vector<Value> values;  // by position
    Members named;
  };
  // Those of a call whose first arguments begin at parts[first].
  [[nodiscard]] Result<Arguments> arguments_of(const Node& node, std::size_t first);
  // In the order of the parameters; nothing where not given.
  using Bound = std::vector<std::optional<Value>>;
  [[nodiscard]] Result<Bound> bound(const Node& node, Arguments arguments,
                                    const std::vector<std::string_view>& parameters,
                                    std::size_t required) const;
  [[nodiscard]] const Value* find_name(std::string_view name) const;
  [[nodiscard]] Frame* globals() { return &globals_; }
  [[nodiscard]] virtual Result<Value> call_macro(const Node& call, const Node& macro) = 0;

  Budget budget_;
  std::vector<std::pair<std::string_view, const Node*>> macros_;
  Frame* frame_ = &globals_;

 private:
  Result<Value> evaluate_name(const Node& node);
  Result<Value> evaluate_list(const Node& node);
  Result<Value> evaluate_dict(const Node& node);
  Result<Value> attribute_of(const Node& node, const Value& value, const std::string& name);
  Result<Value> evaluate_index(const Node& node);
  Result<Value> evaluate_slice(const Node& node);
  Result<Value> evaluate_call(const Node& node);
  Result<Value> call_range(const Node& node);
  Result<Value> call_builtin(const Node& node, const Builtin* builtin, const Value& self);
  Result<Value> evaluate_method(const Node& node);
  Result<Value> evaluate_binary(const Node& node);
  Result<Value> arithmetic(const Node& node, std::int64_t a, std::int64_t b) const;
  Result<Value> evaluate_comparison(const Node& node);
  Result<bool> compare(const Node& node, const std::string& sign, const Value& a, const Value& b);

  std::string_view source_;
  Frame globals_;
  int depth_ = 0;
};

}  // namespace cairn::model::jinja
