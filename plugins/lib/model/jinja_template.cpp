#include "plugins/lib/model/jinja_template.h"

#include <algorithm>

#include "plugins/lib/model/jinja_evaluator.h"
#include "plugins/lib/model/jinja_lexer.h"
#include "plugins/lib/model/jinja_parser.h"

namespace cairn::model::jinja {
namespace {

enum class Flow { kNext, kBreak, kContinue };

class Renderer : public Evaluator {
 public:
  using Evaluator::Evaluator;

  Result<std::string> render(const Node& root) {
    CAIRN_TRY(run(root));
    return std::move(out_);
  }

 private:
  // Names set from here on are gone with it.
  class Scope {
   public:
    explicit Scope(Renderer& renderer) : renderer_(renderer), before_(renderer.frame_) {
      frame_.outer = before_;
      renderer_.frame_ = &frame_;
    }
    ~Scope() { renderer_.frame_ = before_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Renderer& renderer_;
    Frame* before_;
    Frame frame_;
  };

  void set(const std::string& name, Value value) {
    for (auto& [known, old] : frame_->names) {
      if (known != name) continue;
      old = std::move(value);
      return;
    }
    frame_->names.emplace_back(name, std::move(value));
  }

  Result<void> write(const Node& node, const std::string& text) {
    const auto paid = budget_.spend(text.size());
    if (!paid.ok()) return at(node, paid.error());
    out_ += text;
    return {};
  }

  Result<Flow> run(const Node& node) {
    const Depth depth(*this);
    CAIRN_TRY(step(node));
    switch (node.kind) {
      case Node::Kind::kBlock:
        for (const NodePtr& part : node.parts) {
          CAIRN_ASSIGN(const Flow flow, run(*part));
          if (flow != Flow::kNext) return flow;
        }
        return Flow::kNext;
      case Node::Kind::kText:
        CAIRN_TRY(write(node, node.text));
        return Flow::kNext;
      case Node::Kind::kOutput: {
        CAIRN_ASSIGN(const Value value, evaluate(*node.parts[0]));
        const auto text = value.to_text();
        if (!text.ok()) return at(node, text.error());
        CAIRN_TRY(write(node, *text));
        return Flow::kNext;
      }
      case Node::Kind::kSet: {
        CAIRN_ASSIGN(Value value, evaluate(*node.parts[0]));
        CAIRN_TRY(run_set(node, std::move(value)));
        return Flow::kNext;
      }
      case Node::Kind::kSetBlock: {
        CAIRN_ASSIGN(std::string text, captured(*node.parts[0]));
        set(node.text, Value::text(std::move(text)));
        return Flow::kNext;
      }
      case Node::Kind::kGeneration: {
        const Scope scope(*this);
        return run(*node.parts[0]);
      }
      case Node::Kind::kIf:
        return run_if(node);
      case Node::Kind::kFor:
        return run_for(node);
      case Node::Kind::kMacro:
        std::erase_if(macros_, [&](const auto& known) { return known.first == node.text; });
        macros_.emplace_back(node.text, &node);
        return Flow::kNext;
      case Node::Kind::kBreak:
        return Flow::kBreak;
      case Node::Kind::kContinue:
        return Flow::kContinue;
      default:
        return internal_error("an expression of a template was taken for a statement");
    }
  }

  Result<void> run_set(const Node& node, Value value) {
    if (node.names.empty()) {
      set(node.text, std::move(value));
      return {};
    }
    const Value* target = find_name(node.text);
    Namespace* names = target == nullptr ? nullptr : target->as_namespace();
    if (names == nullptr) return refuse(node, node.text + ", which is no namespace, is changed");
    if (value.as_namespace() != nullptr) return refuse(node, "a namespace inside another one");
    for (auto& [known, old] : names->members) {
      if (known != node.names[0]) continue;
      old = std::move(value);
      return {};
    }
    names->members.emplace_back(node.names[0], std::move(value));
    return {};
  }

  // What a block writes, in a scope of its own.
  Result<std::string> captured(const Node& block) {
    const Scope scope(*this);
    std::string outer = std::exchange(out_, {});
    const auto flow = run(block);
    std::string text = std::exchange(out_, std::move(outer));
    if (!flow.ok()) return flow.error();
    return text;
  }

  Result<Flow> run_if(const Node& node) {
    for (std::size_t i = 0; i + 1 < node.parts.size(); i += 2) {
      CAIRN_ASSIGN(const Value condition, evaluate(*node.parts[i]));
      if (condition.truth()) return run(*node.parts[i + 1]);
    }
    if (node.parts.size() % 2 == 1) return run(*node.parts.back());
    return Flow::kNext;
  }

  Result<void> set_targets(const Node& node, const Value& item) {
    if (node.names.size() == 1) {
      set(node.names[0], item);
      return {};
    }
    const auto* parts = item.as_list();
    if (parts == nullptr || parts->size() != node.names.size()) {
      return refuse(node, std::string("two names for each of ") + item.kind());
    }
    set(node.names[0], (*parts)[0]);
    set(node.names[1], (*parts)[1]);
    return {};
  }

  // Those for which the condition of a loop holds.
  Result<Value> filtered(const Node& node, const Value& list) {
    std::vector<Value> kept;
    for (const Value& item : *list.as_list()) {
      const Scope scope(*this);
      CAIRN_TRY(set_targets(node, item));
      CAIRN_ASSIGN(const Value holds, evaluate(*node.parts[1]));
      if (holds.truth()) kept.push_back(item);
    }
    return make_list(std::move(kept));
  }

  static Result<Value> loop_at(const std::vector<Value>& items, std::size_t i) {
    const auto number = [](std::size_t value) { return Value(static_cast<std::int64_t>(value)); };
    const std::size_t left = items.size() - i;
    Members members = {{"index", number(i + 1)},        {"index0", number(i)},
                       {"revindex", number(left)},      {"revindex0", number(left - 1)},
                       {"first", Value(i == 0)},        {"last", Value(left == 1)},
                       {"length", number(items.size())}};
    if (i > 0) members.emplace_back("previtem", items[i - 1]);
    if (left > 1) members.emplace_back("nextitem", items[i + 1]);
    return make_dict(std::move(members));
  }

  Result<Flow> run_for(const Node& node) {
    CAIRN_ASSIGN(const Value whole, evaluate(*node.parts[0]));
    auto items = iterate(budget_, whole);
    if (!items.ok()) return at(node, items.error());
    Value list = std::move(*items);
    if (node.parts[1] != nullptr) {
      CAIRN_ASSIGN(list, filtered(node, list));
    }
    const std::vector<Value>& all = *list.as_list();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Scope scope(*this);
      CAIRN_TRY(set_targets(node, all[i]));
      CAIRN_TRY(budget_.spend_values(9));
      auto loop = loop_at(all, i);
      if (!loop.ok()) return at(node, loop.error());
      set("loop", std::move(*loop));
      CAIRN_ASSIGN(const Flow flow, run(*node.parts[2]));
      if (flow == Flow::kBreak) break;
    }
    if (!all.empty() || node.parts[3] == nullptr) return Flow::kNext;
    const Scope scope(*this);
    return run(*node.parts[3]);
  }

  // A macro sees its arguments and what is set outside of loops.
  Result<Value> call_macro(const Node& call, const Node& macro) override {
    CAIRN_ASSIGN(Arguments arguments, arguments_of(call, 0));
    const std::vector<std::string_view> names(macro.names.begin(), macro.names.end());
    CAIRN_ASSIGN(const Bound values, bound(call, std::move(arguments), names, 0));
    Frame* before = frame_;
    Frame* outermost = globals();
    frame_ = outermost;
    auto text = [&]() -> Result<std::string> {
      const Scope scope(*this);
      const std::size_t without_default = names.size() - (macro.parts.size() - 1);
      for (std::size_t i = 0; i < names.size(); ++i) {
        Value value = values[i].value_or(Value());
        if (!values[i] && i >= without_default) {
          CAIRN_ASSIGN(value, evaluate(*macro.parts[i - without_default]));
        }
        set(macro.names[i], std::move(value));
      }
      return captured(*macro.parts.back());
    }();
    frame_ = before;
    if (!text.ok()) return text.error();
    return Value::text(std::move(*text));
  }

  std::string out_;
};

}  // namespace

Result<Template> Template::parse(std::string_view source) {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  if (source.size() > kMaxBytes) {
    return invalid_argument("the chat template has " + std::to_string(source.size()) +
                            " bytes; Cairn reads up to " + std::to_string(kMaxBytes));
  }
  std::string text = normalised(source);
  CAIRN_ASSIGN(NodePtr root, parse_template(text));
  return Template(std::move(text), std::shared_ptr<const Node>(std::move(root)));
}

Result<std::string> Template::render(const json::object& variables) const {
  constexpr std::size_t kBudget = std::size_t{64} << 20;
  constexpr std::size_t kBudgetPerByte = 64;
  CAIRN_ASSIGN(const Value values, from_json(variables));
  const std::size_t budget = kBudget + kBudgetPerByte * cost_of(values);
  return Renderer(source_, values.as_dict()->members, budget).render(*root_);
}

}  // namespace cairn::model::jinja
