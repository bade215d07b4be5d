#include "tests/unit/workflow/sample_registry.h"

#include <utility>

namespace cairn::testing {
namespace {

ParamDecl param(const char* name, ParamType type, json::value default_value, const char* doc) {
  ParamDecl decl;
  decl.name = name;
  decl.type = type;
  decl.default_value = std::move(default_value);
  decl.doc = doc;
  return decl;
}

ParamDecl required(ParamDecl decl) {
  decl.required = true;
  decl.default_value = nullptr;
  return decl;
}

ParamDecl between(ParamDecl decl, double min, double max) {
  decl.min = min;
  decl.max = max;
  return decl;
}

PortDecl port(const char* name, const char* kind, bool optional = false, bool list = false) {
  PortDecl decl;
  decl.name = name;
  decl.kind = kind;
  decl.optional = optional;
  decl.list = list;
  decl.doc = std::string("The ") + name;
  return decl;
}

StageDecl corpus() {
  StageDecl stage;
  stage.name = "corpus";
  stage.doc = "Reads documents";
  stage.params = {param("sources", ParamType::kJson, json::array(), "Where they are"),
                  param("list", ParamType::kPath, "", "File of names"),
                  param("min_chars", ParamType::kInt, 10, "Shortest text")};
  stage.params[1].content = true;
  stage.outputs = {port("documents", kind::kDocuments)};
  return stage;
}

StageDecl filter() {
  StageDecl stage;
  stage.name = "filter";
  stage.doc = "Drops duplicates";
  stage.revision = 3;
  stage.params = {
      between(param("threshold", ParamType::kDouble, 0.8, "Similarity"), 0, 1),
      param("mode", ParamType::kString, "exact", "How"),
      between(param("sizes", ParamType::kIntList, json::array{1, 2}, "Sizes of n-grams"), 1, 9),
      param("wait", ParamType::kDuration, 1000, "Pause")};
  stage.params[1].choices = {"exact", "minhash"};
  stage.inputs = {port("documents", kind::kDocuments)};
  stage.outputs = {port("kept", kind::kDocuments)};
  return stage;
}

StageDecl train() {
  StageDecl stage;
  stage.name = "train";
  stage.doc = "Trains a model";
  stage.random = true;
  stage.params = {required(param("steps", ParamType::kInt, nullptr, "Steps")),
                  param("max_input_tokens", ParamType::kTokens, 20000, "Longest prompt")};
  stage.params[0].min = 1;
  stage.inputs = {port("dataset", kind::kDocuments), port("policy", kind::kModel, true)};
  stage.outputs = {port("model", kind::kModel), port("rollouts", kind::kRollouts)};
  return stage;
}

StageDecl report() {
  StageDecl stage;
  stage.name = "report";
  stage.doc = "Compares models";
  stage.inputs = {port("models", kind::kModel, false, true)};
  stage.outputs = {port("report", kind::kReport)};
  return stage;
}

StageDecl import() {
  StageDecl stage;
  stage.name = "import";
  stage.doc = "Brings a file in";
  stage.params = {required(param("path", ParamType::kPath, nullptr, "What")),
                  param("kind", ParamType::kString, "file", "Its kind")};
  stage.params[0].content = true;
  PortDecl artifact = port("artifact", kind::kFile);
  artifact.kind_from_param = "kind";
  stage.outputs = {artifact};
  return stage;
}

StageDecl shell() {
  StageDecl stage;
  stage.name = "shell";
  stage.doc = "Runs a command";
  stage.params = {required(param("run", ParamType::kString, nullptr, "Script")),
                  param("files", ParamType::kStringList, json::array(), "Files to copy"),
                  param("env", ParamType::kJson, json::object(), "Variables"),
                  param("outputs", ParamType::kJson, json::object(), "Outputs")};
  stage.open_inputs = true;
  stage.outputs_from_param = "outputs";
  return stage;
}

}  // namespace

const Registry& sample_registry() {
  static const Registry kRegistry = [] {
    LibraryManifest library;
    library.library = "/plugins/sample.so";
    library.digest = digest_of("sample");
    library.stages = {corpus(), filter(), train(), report(), import(), shell()};
    return Registry::of({library});
  }();
  return kRegistry;
}

TempFolder::TempFolder() {
  auto folder = make_private_folder(fs::temp_directory_path(), "cairn-workflow-");
  EXPECT_TRUE(folder.ok());
  if (folder.ok()) path_ = *folder;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TempFolder::write(const std::string& name, const std::string& text) const {
  const fs::path path = path_ / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

CheckedWorkflow check_text(const std::string& text, const std::vector<std::string>& set,
                           const fs::path& folder) {
  WorkflowRequest request;
  request.file = folder / "w.yaml";
  request.text = text;
  request.set = set;
  request.working_folder = folder;
  auto checked = check_workflow(request, sample_registry());
  EXPECT_TRUE(checked.ok());
  return checked.ok() ? std::move(*checked) : CheckedWorkflow{};
}

std::vector<std::string> messages(const CheckedWorkflow& checked) {
  std::vector<std::string> list;
  for (const auto& item : checked.diagnostics.sorted())
    list.push_back(std::to_string(item.where.line) + ":" + std::to_string(item.where.column) + " " +
                   item.code + " " + item.message);
  return list;
}

}  // namespace cairn::testing
