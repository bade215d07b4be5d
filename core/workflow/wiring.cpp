#include "core/workflow/wiring.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/base/text.h"

namespace cairn {
namespace {

class Wiring {
 public:
  Wiring(std::vector<StageDraft>& drafts, const Registry& registry, Diagnostics& diagnostics)
      : drafts_(drafts),
        registry_(registry),
        diagnostics_(diagnostics),
        edges_(drafts.size()),
        needs_(drafts.size()) {
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      index_[drafts[i].spec.name] = i;
      names_.push_back(drafts[i].spec.name);
    }
  }

  void connect() {
    for (StageDraft& draft : drafts_) find_outputs(draft);
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      for (const InputDraft& input : drafts_[i].inputs) connect_input(i, input);
      connect_foreach(i);
      connect_after(i);
      connect_handlers(i);
      report_missing_inputs(drafts_[i]);
    }
    report_cycles();
    for (std::size_t i = 0; i < drafts_.size(); ++i) check_handled(i);
    for (std::size_t i = 0; i < drafts_.size(); ++i) check_condition(i);
  }

  // Only without cycles.
  std::vector<StageSpec> ordered() {
    std::vector<std::vector<std::size_t>> waiting(drafts_.size());
    std::vector<std::size_t> open(drafts_.size());
    std::set<std::size_t> ready;
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      open[i] = edges_[i].size();
      if (open[i] == 0) ready.insert(i);
      for (const auto& edge : edges_[i]) waiting[edge.first].push_back(i);
    }
    std::vector<StageSpec> order;
    while (!ready.empty()) {
      const std::size_t next = *ready.begin();
      ready.erase(ready.begin());
      order.push_back(std::move(drafts_[next].spec));
      for (std::size_t stage : waiting[next]) {
        if (--open[stage] == 0) ready.insert(stage);
      }
    }
    return order;
  }

 private:
  using Edges = std::map<std::size_t, Reference>;

  void error(const char* code, const Reference& at, std::string message, std::string hint = {}) {
    diagnostics_.error(code, *at.source, at.offset, std::move(message), std::move(hint));
  }

  void find_outputs(StageDraft& draft) {
    if (draft.decl == nullptr) return;
    for (const PortDecl& port : draft.decl->outputs) {
      std::string kind = port.kind;
      if (!port.kind_from_param.empty()) {
        const auto* value = draft.spec.params.if_contains(port.kind_from_param);
        kind = value != nullptr && value->is_string() ? std::string(value->as_string()) : port.kind;
      }
      draft.spec.outputs.push_back({port.name, kind});
    }
    draft.spec.outputs.insert(draft.spec.outputs.end(), draft.further_outputs.begin(),
                              draft.further_outputs.end());
  }

  const std::size_t* find_stage(const Reference& at, const std::string& name) {
    const auto found = index_.find(name);
    if (found != index_.end()) return &found->second;
    error("unknown_stage", at, "there is no stage '" + name + "'",
          diagnostics_.full() ? "" : did_you_mean(name, names_));
    return nullptr;
  }

  void wait(std::size_t stage, std::size_t source, const Reference& reference) {
    edges_[stage].try_emplace(source, reference);
    needs_[stage].try_emplace(source, reference);
  }

  struct Given {
    OutputRef output;
    std::size_t stage = 0;
    std::optional<std::string> kind;  // absent: reported, or it cannot be known
  };

  // What a reference STAGE.OUTPUT names; nullopt where there is no such stage, reported.
  std::optional<Given> connect_reference(std::size_t stage, const Reference& reference) {
    const std::size_t dot = reference.text.find('.');
    if (dot == std::string::npos) {
      std::string hint = "write it as STAGE.OUTPUT";
      if (const auto found = index_.find(reference.text); found != index_.end()) {
        const auto& outputs = drafts_[found->second].spec.outputs;
        if (!outputs.empty()) hint = "write '" + reference.text + "." + outputs.front().name + "'";
      }
      error("bad_reference", reference, "'" + reference.text + "' names no output of a stage",
            hint);
      return std::nullopt;
    }
    const std::string from = reference.text.substr(0, dot);
    const std::string output = reference.text.substr(dot + 1);
    const std::size_t* source = find_stage(reference, from);
    if (source == nullptr) return std::nullopt;
    wait(stage, *source, reference);
    return Given{{from, output}, *source, kind_of(reference, drafts_[*source], output)};
  }

  std::optional<std::string> kind_of(const Reference& reference, const StageDraft& giver,
                                     const std::string& output) {
    if (giver.decl == nullptr) return std::nullopt;
    std::vector<std::string> known;
    for (const DeclaredOutput& declared : giver.spec.outputs) {
      if (declared.name == output) return declared.kind;
      known.push_back(declared.name);
    }
    if (!giver.params_valid && !giver.decl->outputs_from_param.empty()) return std::nullopt;
    std::string hint;
    if (!diagnostics_.full()) hint = did_you_mean(output, known);
    if (hint.empty()) hint = known.empty() ? "it has no outputs" : "outputs: " + listed(known);
    error("unknown_output", reference,
          "stage '" + giver.spec.name + "' has no output '" + output + "'", hint);
    return std::nullopt;
  }

  void connect_input(std::size_t stage, const InputDraft& input) {
    const StageDecl* decl = drafts_[stage].decl;
    const PortDecl* port = decl == nullptr ? nullptr : decl->find_input(input.port);
    if (decl != nullptr && port == nullptr && !decl->open_inputs) {
      std::vector<std::string> known;
      for (const PortDecl& candidate : decl->inputs) known.push_back(candidate.name);
      std::string hint = did_you_mean(input.port, known);
      if (hint.empty()) hint = known.empty() ? "it has no inputs" : "inputs: " + join(known, ", ");
      diagnostics_.error("unknown_input", *input.source, input.offset,
                         "'" + decl->name + "' has no input '" + input.port + "'", hint);
    }
    if (decl != nullptr && port == nullptr && decl->open_inputs && !is_name(input.port))
      diagnostics_.error("bad_name", *input.source, input.offset,
                         "'" + input.port + "' is no name for an input",
                         "letters, digits, '_' and '-'");
    if (port != nullptr && input.list && !port->list)
      diagnostics_.error("invalid_value", *input.source, input.offset,
                         "the input '" + input.port + "' takes one output, not a list");
    for (const Reference& reference : input.references) {
      auto given = connect_reference(stage, reference);
      if (!given) continue;
      drafts_[stage].spec.inputs[input.port].push_back(given->output);
      const StageDraft& giver = drafts_[given->stage];
      if (port != nullptr && !port->list && giver.many)
        error("many_outputs", reference,
              "the input '" + input.port + "' takes one output, but '" + giver.spec.name +
                  "' has many tasks, each with its own",
              "a list input takes them all");
      if (!given->kind || port == nullptr || kind_matches(*given->kind, port->kind)) continue;
      std::vector<std::string> fitting;
      for (const DeclaredOutput& output : giver.spec.outputs) {
        if (kind_matches(output.kind, port->kind))
          fitting.push_back(giver.spec.name + "." + output.name);
      }
      error("wrong_kind", reference,
            "the input '" + input.port + "' takes " + port->kind + ", but '" + reference.text +
                "' is " + *given->kind,
            fitting.empty() ? "" : "of this kind: " + join(fitting, ", "));
    }
  }

  void connect_foreach(std::size_t stage) {
    for (const Reference& reference : drafts_[stage].foreach_list) {
      const auto given = connect_reference(stage, reference);
      if (!given) continue;
      drafts_[stage].spec.foreach->list = given->output;
      if (drafts_[given->stage].many)
        error("bad_foreach", reference,
              "'foreach' takes one list, but '" + drafts_[given->stage].spec.name +
                  "' has many tasks, each with its own output");
      const KindDecl* kind = given->kind ? registry_.find_kind(*given->kind) : nullptr;
      if (kind != nullptr && kind->folder)
        error("bad_foreach", reference,
              "'foreach' takes a JSON array or JSON Lines, but '" + reference.text + "' is " +
                  *given->kind + ", a folder");
    }
  }

  void connect_after(std::size_t stage) {
    for (const Reference& reference : drafts_[stage].after) {
      const std::size_t* source = find_stage(reference, reference.text);
      if (source == nullptr) continue;
      wait(stage, *source, reference);
      drafts_[stage].spec.after.push_back(reference.text);
    }
  }

  // The handlers of a stage's failure wait for it, but need nothing of it.
  void connect_handlers(std::size_t stage) {
    for (const Reference& reference : drafts_[stage].on_failure) {
      const std::size_t* handler = find_stage(reference, reference.text);
      if (handler == nullptr) continue;
      edges_[*handler].try_emplace(stage, reference);
      auto& handles = drafts_[*handler].spec.handles;
      if (std::ranges::find(handles, names_[stage]) == handles.end())
        handles.push_back(names_[stage]);
    }
  }

  void check_handled(std::size_t handler) {
    for (const std::string& failed : drafts_[handler].spec.handles) {
      for (const auto& [source, reference] : needs_[handler]) {
        const bool direct = names_[source] == failed;
        if (!direct && !reaches(needs_, source, index_.at(failed))) continue;
        error("handler_needs_failed", reference,
              "'" + names_[handler] + "' runs when '" + failed +
                  "' has failed, so it cannot wait "
                  "for " +
                  (direct ? "its success" : "'" + names_[source] + "', which needs it"),
              "take away the input or 'after', or the 'on_failure' of '" + failed + "'");
      }
    }
  }

  void report_missing_inputs(const StageDraft& draft) {
    if (draft.decl == nullptr) return;
    for (const PortDecl& port : draft.decl->inputs) {
      const auto given = std::ranges::find(draft.inputs, port.name, &InputDraft::port);
      if (port.optional ||
          (given != draft.inputs.end() && (given->list == false || !given->references.empty())))
        continue;
      diagnostics_.error(
          "missing_input", *draft.source, draft.offset,
          "stage '" + draft.spec.name + "' needs the input '" + port.name + "' (" + port.kind + ")",
          candidates(draft, port));
    }
  }

  // Outputs of other stages that would fit.
  std::string candidates(const StageDraft& draft, const PortDecl& port) const {
    constexpr std::size_t kShown = 3;
    std::vector<std::string> fitting;
    for (const StageDraft& other : drafts_) {
      if (&other == &draft) continue;
      for (const DeclaredOutput& output : other.spec.outputs) {
        if (output.kind == port.kind && fitting.size() < kShown)
          fitting.push_back(other.spec.name + "." + output.name);
      }
    }
    return fitting.empty() ? port.doc : "of this kind: " + join(fitting, ", ");
  }

  // Depth first with a stack of its own; each cycle is reported once, at the edge that closes it.
  void report_cycles() {
    enum class Mark { kNew, kOpen, kDone };
    std::vector<Mark> marks(drafts_.size(), Mark::kNew);
    struct Frame {
      std::size_t stage;
      Edges::const_iterator next;
    };
    for (std::size_t start = 0; start < drafts_.size(); ++start) {
      if (marks[start] != Mark::kNew) continue;
      std::vector<Frame> path = {{start, edges_[start].begin()}};
      marks[start] = Mark::kOpen;
      while (!path.empty()) {
        Frame& top = path.back();
        if (top.next == edges_[top.stage].end()) {
          marks[top.stage] = Mark::kDone;
          path.pop_back();
          continue;
        }
        const auto [target, reference] = *top.next++;
        if (marks[target] == Mark::kOpen) {
          const auto from = std::ranges::find(path, target, &Frame::stage);
          std::vector<std::string> names;
          for (auto it = path.end(); it != from;) names.push_back(drafts_[(--it)->stage].spec.name);
          std::ranges::rotate(names, names.end() - 1);
          names.push_back(names.front());
          error("cycle", reference, "the stages wait for each other: " + join(names, " → "),
                "a → b: b waits for a");
        } else if (marks[target] == Mark::kNew) {
          marks[target] = Mark::kOpen;
          path.push_back({target, edges_[target].begin()});
        }
      }
    }
  }

  static bool reaches(const std::vector<Edges>& edges, std::size_t from, std::size_t to) {
    std::set<std::size_t> seen;
    std::vector<std::size_t> open = {from};
    while (!open.empty()) {
      const std::size_t next = open.back();
      open.pop_back();
      for (const auto& edge : edges[next]) {
        if (seen.insert(edge.first).second) open.push_back(edge.first);
      }
    }
    return seen.contains(to);
  }

  void check_condition(std::size_t stage) {
    for (const Reference& reference : drafts_[stage].condition_reads) {
      const std::size_t* read = find_stage(reference, reference.text);
      if (read == nullptr) continue;
      if (reaches(edges_, stage, *read)) continue;
      error("unordered_condition", reference,
            "'when' reads stage '" + reference.text + "', which '" + names_[stage] +
                "' does not wait for",
            "add 'after: [" + reference.text + "]'");
    }
  }

  std::vector<StageDraft>& drafts_;
  const Registry& registry_;
  Diagnostics& diagnostics_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<std::string> names_;
  // Of each stage: what it waits for, and the first reference that says so.
  std::vector<Edges> edges_;
  // The same without what it waits for as a handler of its failure.
  std::vector<Edges> needs_;
};

}  // namespace

std::vector<StageSpec> wire_stages(std::vector<StageDraft> drafts, const Registry& registry,
                                   Diagnostics& diagnostics) {
  Wiring wiring(drafts, registry, diagnostics);
  wiring.connect();
  return diagnostics.has_errors() ? std::vector<StageSpec>() : wiring.ordered();
}

}  // namespace cairn
