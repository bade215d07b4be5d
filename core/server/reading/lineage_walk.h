// Where an artifact comes from and what was made of it, over all runs. Pure, on documents.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/engine/state.h"

namespace cairn {

// What lineage needs of a run:
//   {"id","name","stages":[{"name","uses","params","inputs":[{"port","stage","output"}],
//    "tasks":[{"name","cached_from"?,"outputs":[{"name","kind","digest"}]}]}]}
[[nodiscard]] json::object lineage_document(const RunState& state);

inline constexpr std::size_t kBranchesShown = 20;  // of one node; further ones are counted

// {"run","task","output","kind","digest","uses","reused_from"?,"params"? (of a source),
//  "inputs":[{"port",...}],"more"?,"seen"?}: an output and, below it, what it was made of. A node
// that stands elsewhere in the tree is "seen" and has nothing below it.
// kNotFound: no such task or output, or it has not been made.
[[nodiscard]] Result<json::object> walk_up(const json::object& run, const std::string& task,
                                           const std::string& output);

// Who reads what, by digest, over any number of runs.
class ConsumerIndex {
 public:
  void add(const json::object& run);
  // [{"run","task","port","uses","cached","outputs":[{"name","kind","digest","consumers":[...]}],
  //   "more"?,"seen"?}]: the tasks that read the artifact, newest run first, and what they made.
  [[nodiscard]] json::array walk_down(const std::string& digest) const;

 private:
  struct Output {
    std::string name;
    std::string kind;
    std::string digest;
  };
  struct Consumer {
    std::string run;
    std::string stage;
    std::string port;
    std::string uses;
    bool cached = false;
    std::size_t tasks = 1;
    std::vector<Output> outputs;  // of the first tasks
  };
  json::array walk(const std::string& digest, std::set<std::string>& seen) const;

  std::map<std::string, std::vector<Consumer>> readers_;  // by digest
};

}  // namespace cairn
