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
  Wiring(std::vector<StageDraft>& drafts, Diagnostics& diagnostics)
      : drafts_(drafts), diagnostics_(diagnostics), edges_(drafts.size()) {
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      index_[drafts[i].spec.name] = i;
      names_.push_back(drafts[i].spec.name);
    }
  }

  void connect() {
    for (StageDraft& draft : drafts_) find_outputs(draft);
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      for (const InputDraft& input : drafts_[i].inputs) connect_input(i, input);
      connect_after(i);
      report_missing_inputs(drafts_[i]);
    }
    report_cycles();
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
  void error(const char* code, const Reference& at, std::string message, std::string hint = {}) {
    diagnostics_.error(code, *at.source, at.offset, std::move(message), std::move(hint));
  }

  void find_outputs(StageDraft& draft) {
    if (draft.decl == nullptr) return;
    for (const PortDecl& port : draft.decl->outputs) {
      std::string kind = port.kind;
      if (!port.kind_from_param.empty()) {
        const auto* value = draft.spec.params.if_contains(port.kind_from_param);
        kind = value != nullptr && value->is_string() ? std::string(value->as_string())
                                                      : std::string(kind::kFile);
      }
      draft.spec.outputs.push_back({port.name, kind});
    }
    if (draft.decl->outputs_from_param.empty()) return;
    const auto* further = draft.spec.params.if_contains(draft.decl->outputs_from_param);
    if (further == nullptr || !further->is_object()) return;
    for (const auto& output : further->as_object())
      draft.spec.outputs.push_back({std::string(output.key()), kind::kFile});
  }

  const std::size_t* find_stage(const Reference& at, const std::string& name) {
    const auto found = index_.find(name);
    if (found != index_.end()) return &found->second;
    error("unknown_stage", at, "there is no stage '" + name + "'", did_you_mean(name, names_));
    return nullptr;
  }

  // The kind of what a reference names; nullopt when it was reported or cannot be known.
  std::optional<std::string> connect_reference(std::size_t stage, const InputDraft& input,
                                               const Reference& reference) {
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
    edges_[stage].try_emplace(*source, reference);
    drafts_[stage].spec.inputs[input.port].push_back({from, output});
    const StageDraft& giver = drafts_[*source];
    if (giver.decl == nullptr) return std::nullopt;
    std::vector<std::string> known;
    for (const DeclaredOutput& declared : giver.spec.outputs) {
      if (declared.name == output) return declared.kind;
      known.push_back(declared.name);
    }
    if (!giver.params_valid && !giver.decl->outputs_from_param.empty()) return std::nullopt;
    std::string hint = did_you_mean(output, known);
    if (hint.empty()) hint = known.empty() ? "it has no outputs" : "outputs: " + join(known, ", ");
    error("unknown_output", reference, "stage '" + from + "' has no output '" + output + "'", hint);
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
      const auto given = connect_reference(stage, input, reference);
      if (!given || port == nullptr || kind_matches(*given, port->kind)) continue;
      std::vector<std::string> fitting;
      const StageDraft& giver = drafts_[index_[reference.text.substr(0, reference.text.find('.'))]];
      for (const DeclaredOutput& output : giver.spec.outputs) {
        if (kind_matches(output.kind, port->kind))
          fitting.push_back(giver.spec.name + "." + output.name);
      }
      error("wrong_kind", reference,
            "the input '" + input.port + "' takes " + port->kind + ", but '" + reference.text +
                "' is " + *given,
            fitting.empty() ? "" : "of this kind: " + join(fitting, ", "));
    }
  }

  void connect_after(std::size_t stage) {
    for (const Reference& reference : drafts_[stage].after) {
      const std::size_t* source = find_stage(reference, reference.text);
      if (source == nullptr) continue;
      edges_[stage].try_emplace(*source, reference);
      drafts_[stage].spec.after.push_back(reference.text);
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
    using Edges = std::map<std::size_t, Reference>;
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

  void check_condition(std::size_t stage) {
    for (const Reference& reference : drafts_[stage].condition_reads) {
      const std::size_t* read = find_stage(reference, reference.text);
      if (read == nullptr) continue;
      std::set<std::size_t> seen;
      std::vector<std::size_t> open = {stage};
      while (!open.empty()) {
        const std::size_t next = open.back();
        open.pop_back();
        for (const auto& edge : edges_[next]) {
          if (seen.insert(edge.first).second) open.push_back(edge.first);
        }
      }
      if (seen.contains(*read)) continue;
      error("unordered_condition", reference,
            "'when' reads stage '" + reference.text + "', which '" + names_[stage] +
                "' does not wait for",
            "add 'after: [" + reference.text + "]'");
    }
  }

  std::vector<StageDraft>& drafts_;
  Diagnostics& diagnostics_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<std::string> names_;
  // Of each stage: what it waits for, and the first reference that says so.
  std::vector<std::map<std::size_t, Reference>> edges_;
};

}  // namespace

std::vector<StageSpec> wire_stages(std::vector<StageDraft> drafts, Diagnostics& diagnostics) {
  Wiring wiring(drafts, diagnostics);
  wiring.connect();
  return diagnostics.has_errors() ? std::vector<StageSpec>() : wiring.ordered();
}

}  // namespace cairn
