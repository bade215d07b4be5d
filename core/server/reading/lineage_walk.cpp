#include "core/server/reading/lineage_walk.h"

#include "core/base/text.h"
#include "core/server/reading/fields.h"

namespace cairn {
namespace {

const json::object* find_named(const json::array& list, std::string_view name) {
  for (const json::value& value : list) {
    if (value.as_object().at("name").as_string() == name) return &value.as_object();
  }
  return nullptr;
}

// Goes from an output to what it was made of, and on.
class UpWalk {
 public:
  explicit UpWalk(const json::object& run) : run_(run) {}

  json::object node(const json::object& stage, const json::object& task,
                    const json::object& output) {
    json::object node{{"run", run_.at("id")},          {"task", task.at("name")},
                      {"output", output.at("name")},   {"kind", output.at("kind")},
                      {"digest", output.at("digest")}, {"uses", stage.at("uses")}};
    if (const auto* from = task.if_contains("cached_from")) node["reused_from"] = *from;
    if (!seen_.insert(text_of(task, "name") + "/" + text_of(output, "name")).second) {
      node["seen"] = true;
      return node;
    }
    const json::array& inputs = stage.at("inputs").as_array();
    if (inputs.empty()) node["params"] = stage.at("params");
    json::array below;
    std::size_t more = 0;
    for (const json::value& input : inputs) add_input(input.as_object(), below, more);
    node["inputs"] = std::move(below);
    if (more > 0) node["more"] = more;
    return node;
  }

 private:
  void add_input(const json::object& input, json::array& below, std::size_t& more) {
    const auto* producer = find_named(run_.at("stages").as_array(), text_of(input, "stage"));
    if (producer == nullptr) return;
    for (const json::value& value : producer->at("tasks").as_array()) {
      const json::object& task = value.as_object();
      const auto* output = find_named(task.at("outputs").as_array(), text_of(input, "output"));
      if (output == nullptr) continue;
      if (below.size() >= kBranchesShown) {
        ++more;
        continue;
      }
      json::object made{{"port", input.at("port")}};
      for (auto& [key, field] : node(*producer, task, *output)) made[key] = field;
      below.push_back(std::move(made));
    }
  }

  const json::object& run_;
  std::set<std::string> seen_;
};

}  // namespace

json::object lineage_document(const RunState& state) {
  json::array stages;
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    const StageSpec& stage = state.spec->stages[i];
    json::array inputs;
    for (const auto& [port, references] : stage.inputs) {
      for (const OutputRef& reference : references) {
        inputs.push_back(
            json::object{{"port", port}, {"stage", reference.stage}, {"output", reference.output}});
      }
    }
    json::array tasks;
    for (std::uint32_t cell = 0; cell < state.stages[i].count; ++cell) {
      const std::uint32_t number = state.task_of(i, cell);
      const TaskState& task = state.tasks[number];
      json::array outputs;
      for (const Artifact& output : task.outputs) {
        outputs.push_back(json::object{
            {"name", output.name()}, {"kind", output.kind()}, {"digest", output.digest()}});
      }
      json::object object{{"name", task_name(state, number)}, {"outputs", std::move(outputs)}};
      if (task.cached) object["cached_from"] = task.cached_from;
      tasks.push_back(std::move(object));
    }
    stages.push_back(json::object{{"name", stage.name},
                                  {"uses", stage.uses},
                                  {"params", stage.params},
                                  {"inputs", std::move(inputs)},
                                  {"tasks", std::move(tasks)}});
  }
  return {{"id", state.id}, {"name", state.spec->name}, {"stages", std::move(stages)}};
}

Result<json::object> walk_up(const json::object& run, const std::string& task,
                             const std::string& output) {
  const std::string name = task.substr(0, task.find('['));
  const json::array& stages = run.at("stages").as_array();
  std::vector<std::string> names;
  for (const json::value& stage : stages) names.push_back(text_of(stage.as_object(), "name"));
  const auto* stage = find_named(stages, name);
  if (stage == nullptr) {
    const auto near = nearest_word(name, names);
    return not_found("run " + text_of(run, "id") + " has no stage '" + name + "'",
                     near ? "did you mean '" + *near + "'?" : "its stages: " + join(names, ", "));
  }
  const json::array& tasks = stage->at("tasks").as_array();
  const auto* found = find_named(tasks, task);
  if (found == nullptr) {
    return not_found(
        "stage '" + name + "' has no task '" + task + "'",
        tasks.empty() ? "" : "one of its tasks: " + text_of(tasks[0].as_object(), "name"));
  }
  const auto* made = find_named(found->at("outputs").as_array(), output);
  if (made == nullptr) {
    std::vector<std::string> outputs;
    for (const json::value& value : found->at("outputs").as_array())
      outputs.push_back(text_of(value.as_object(), "name"));
    return not_found(
        "'" + task + "' of run " + text_of(run, "id") + " has made no output '" + output + "'",
        outputs.empty() ? "it has made none" : "it has " + join(outputs, ", "));
  }
  return UpWalk(run).node(*stage, *found, *made);
}

void ConsumerIndex::add(const json::object& run) {
  const json::array& stages = run.at("stages").as_array();
  for (const json::value& value : stages) {
    const json::object& stage = value.as_object();
    const json::array& tasks = stage.at("tasks").as_array();
    Consumer consumer{text_of(run, "id"),
                      text_of(stage, "name"),
                      "",
                      text_of(stage, "uses"),
                      false,
                      tasks.size(),
                      {}};
    for (const json::value& task : tasks) {
      if (consumer.outputs.size() >= kBranchesShown) break;
      consumer.cached = consumer.cached || task.as_object().contains("cached_from");
      for (const json::value& made : task.at("outputs").as_array()) {
        const json::object& output = made.as_object();
        consumer.outputs.push_back(
            {text_of(output, "name"), text_of(output, "kind"), text_of(output, "digest")});
      }
    }
    for (const json::value& read : stage.at("inputs").as_array()) {
      const json::object& input = read.as_object();
      const auto* producer = find_named(stages, text_of(input, "stage"));
      if (producer == nullptr) continue;
      consumer.port = text_of(input, "port");
      for (const json::value& task : producer->at("tasks").as_array()) {
        const auto* output = find_named(task.at("outputs").as_array(), text_of(input, "output"));
        if (output != nullptr) readers_[text_of(*output, "digest")].push_back(consumer);
      }
    }
  }
}

json::array ConsumerIndex::walk_down(const std::string& digest) const {
  std::set<std::string> seen;
  return walk(digest, seen);
}

json::array ConsumerIndex::walk(const std::string& digest, std::set<std::string>& seen) const {
  json::array found;
  const auto readers = readers_.find(digest);
  if (readers == readers_.end()) return found;
  std::size_t more = 0;
  for (auto reader = readers->second.rbegin(); reader != readers->second.rend(); ++reader) {
    if (found.size() >= kBranchesShown) {
      ++more;
      continue;
    }
    json::object node{{"run", reader->run},
                      {"task", reader->stage},
                      {"port", reader->port},
                      {"uses", reader->uses},
                      {"cached", reader->cached}};
    if (reader->tasks > 1) node["tasks"] = reader->tasks;
    if (!seen.insert(reader->run + "/" + reader->stage).second) {
      node["seen"] = true;
    } else {
      json::array outputs;
      for (const Output& output : reader->outputs) {
        outputs.push_back(json::object{{"name", output.name},
                                       {"kind", output.kind},
                                       {"digest", output.digest},
                                       {"consumers", walk(output.digest, seen)}});
      }
      node["outputs"] = std::move(outputs);
    }
    found.push_back(std::move(node));
  }
  if (more > 0) found.back().as_object()["more"] = more;
  return found;
}

}  // namespace cairn
