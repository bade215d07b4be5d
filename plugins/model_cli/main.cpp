// cairn-model: model folders from the command line, by the library that the stages use.
#include <CLI/CLI.hpp>
#include <iostream>
#include <thread>

#include "plugins/model_cli/lines.h"

namespace cairn::model {
namespace {

struct Arguments {
  std::string folder;
  std::string dtype = "float32";
  bool decode = false;
  int threads = 0;
};

Result<at::ScalarType> compute_dtype(const std::string& name) {
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float64") return at::kDouble;
  return invalid_argument("cannot compute in " + name, "use float32, bfloat16 or float64");
}

Result<void> run_tokenize(const Arguments& arguments) {
  CAIRN_ASSIGN(const Tokenizer tokenizer, Tokenizer::load(arguments.folder));
  return each_line(std::cin, std::cout, [&](const json::object& line) {
    return arguments.decode ? decode_line(tokenizer, line) : tokenize_line(tokenizer, line);
  });
}

Result<CausalLm> load(const Arguments& arguments) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  fix_threads(arguments.threads > 0 ? arguments.threads : static_cast<int>(cores));
  CAIRN_ASSIGN(const at::ScalarType dtype, compute_dtype(arguments.dtype));
  return CausalLm::load(arguments.folder, dtype);
}

Result<void> run_score(const Arguments& arguments) {
  CAIRN_ASSIGN(const CausalLm model, load(arguments));
  return each_line(std::cin, std::cout,
                   [&](const json::object& line) { return score_line(model, line); });
}

Result<void> run_generate(const Arguments& arguments) {
  CAIRN_ASSIGN(const CausalLm model, load(arguments));
  CAIRN_ASSIGN(const Tokenizer tokenizer, Tokenizer::load(arguments.folder));
  return each_line(std::cin, std::cout,
                   [&](const json::object& line) { return generate_line(model, tokenizer, line); });
}

Result<void> run_inspect(const Arguments& arguments) {
  CAIRN_ASSIGN(const ModelConfig config, read_config(arguments.folder));
  CAIRN_ASSIGN(const Weights weights, Weights::open(arguments.folder));
  json::object tensors;
  std::int64_t parameters = 0;
  for (const TensorView* tensor : weights.tensors()) {
    tensors[tensor->name] = {{"dtype", to_string(tensor->dtype)},
                             {"shape", json::array(tensor->shape.begin(), tensor->shape.end())}};
    parameters += tensor->elements();
  }
  json::object answer{{"parameters", parameters},
                      {"config", config_to_json(config, "float32")},
                      {"tensors", std::move(tensors)}};
  answer["config"].as_object().erase("torch_dtype");
  std::cout << pretty_json(answer);
  return {};
}

int main_of(int argc, char** argv) {
  CLI::App app("Model folders: tokenize, score, generate, inspect. JSON Lines on stdin and stdout.",
               "cairn-model");
  app.require_subcommand(1);
  Arguments arguments;
  Result<void> (*command)(const Arguments&) = nullptr;
  const auto add = [&](const char* name, const char* doc, Result<void> (*run)(const Arguments&)) {
    CLI::App* sub = app.add_subcommand(name, doc);
    sub->callback([&command, run] { command = run; });
    return sub;
  };
  CLI::App* tokenize = add("tokenize", R"({"text"} -> {"ids"})", run_tokenize);
  tokenize->add_flag("--decode", arguments.decode, R"({"ids"} -> {"text"})");
  CLI::App* score =
      add("score", R"({"ids"} -> {"logprobs","entropy"}, nats, one fewer than ids)", run_score);
  CLI::App* generate = add("generate",
                           R"({"ids"|"text"|"messages","max_new_tokens","temperature","top_k",)"
                           R"("top_p","min_p","stop":[text],"seed"} -> )"
                           R"({"ids","text","logprobs","finish_reason"})",
                           run_generate);
  for (CLI::App* sub : {tokenize, score, generate}) {
    sub->add_option("--model", arguments.folder, "Model folder")->required();
  }
  for (CLI::App* sub : {score, generate}) {
    sub->add_option("--dtype", arguments.dtype, "float32 (default), bfloat16 or float64");
    sub->add_option("--threads", arguments.threads, "Default: all cores");
  }
  add("inspect", "Configuration, parameters and tensors as JSON", run_inspect)
      ->add_option("folder", arguments.folder, "Model folder")
      ->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  const Result<void> done = command(arguments);
  if (done.ok()) return 0;
  std::cerr << "cairn-model: " << done.error().to_string() << "\n";
  return done.error().code == ErrorCode::kNotFound ? 4 : 1;
}

}  // namespace
}  // namespace cairn::model

int main(int argc, char** argv) {
  try {
    return cairn::model::main_of(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "cairn-model: " << error.what() << "\n";
    return 1;
  }
}
