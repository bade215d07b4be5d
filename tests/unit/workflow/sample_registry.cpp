#include "tests/unit/workflow/sample_registry.h"

#include <utility>

#include "core/sdk/kinds.h"

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

ParamDecl list(ParamDecl decl, ParamDecl element) {
  decl.element = {std::move(element)};
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
  stage.outputs = {port("documents", kind::Documents::kName)};
  return stage;
}

StageDecl filter() {
  StageDecl stage;
  stage.name = "filter";
  stage.doc = "Drops duplicates";
  const ParamDecl size = between(param("", ParamType::kInt, nullptr, ""), 1, 9);
  stage.revision = 3;
  stage.params = {
      between(param("threshold", ParamType::kDouble, 0.8, "Similarity"), 0, 1),
      param("mode", ParamType::kString, "exact", "How"),
      list(param("sizes", ParamType::kList, json::array{1, 2}, "Sizes of n-grams"), size),
      param("wait", ParamType::kDuration, 1000, "Pause")};
  stage.params[1].choices = {"exact", "minhash"};
  stage.inputs = {port("documents", kind::Documents::kName)};
  stage.outputs = {port("kept", kind::Documents::kName)};
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
  stage.inputs = {port("dataset", kind::Documents::kName),
                  port("policy", kind::Model::kName, true)};
  stage.outputs = {port("model", kind::Model::kName), port("rollouts", kind::Rollouts::kName)};
  return stage;
}

StageDecl report() {
  StageDecl stage;
  stage.name = "report";
  stage.doc = "Compares models";
  stage.inputs = {port("models", kind::Model::kName, false, true)};
  stage.outputs = {port("report", kind::Report::kName)};
  return stage;
}

StageDecl import() {
  StageDecl stage;
  stage.name = "import";
  stage.doc = "Brings a file in";
  stage.params = {required(param("path", ParamType::kPath, nullptr, "What")),
                  param("kind", ParamType::kString, "file", "Its kind")};
  stage.params[0].content = true;
  PortDecl artifact = port("artifact", kind::File::kName);
  artifact.kind_from_param = "kind";
  stage.outputs = {artifact};
  return stage;
}

StageDecl shell() {
  StageDecl stage;
  ParamDecl path;
  path.type = ParamType::kPath;
  path.content = true;
  const ParamDecl files =
      list(param("files", ParamType::kList, json::array(), "Files to copy"), path);
  stage.name = "shell";
  stage.doc = "Runs a command";
  stage.params = {required(param("run", ParamType::kString, nullptr, "Script")), files,
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
