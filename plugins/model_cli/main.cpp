// cairn-model: model folders from the command line, by the library that the stages use.
#include <CLI/CLI.hpp>
#include <iostream>
#include <thread>

#include "core/base/log.h"
#include "plugins/lib/model/device.h"
#include "plugins/model_cli/convert_command.h"
#include "plugins/model_cli/inspect.h"
#include "plugins/model_cli/lines.h"
#include "plugins/model_cli/serve_command.h"

namespace cairn::model {
namespace {

struct Arguments {
  std::string folder;
  std::string dtype = "float32";
  std::string device = "cpu";
  bool decode = false;
  int threads = 0;
  ConvertArguments conversion;
  ServeArguments serving;
};

Result<at::ScalarType> compute_dtype(const std::string& name) {
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float64") return at::kDouble;
  return invalid_argument("cannot compute in " + name, "use float32, bfloat16 or float64");
}

Result<void> run_tokenize(const Arguments& arguments) {
  CAIRN_ASSIGN(const Tokenizer tokenizer, Tokenizer::load_without_chat(arguments.folder));
  return each_line(std::cin, std::cout, [&](const json::object& line) {
    return arguments.decode ? decode_line(tokenizer, line) : tokenize_line(tokenizer, line);
  });
}

int threads_of(const Arguments& arguments) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  return arguments.threads > 0 ? arguments.threads : static_cast<int>(cores);
}

Result<CausalLm> load(const Arguments& arguments) {
  fix_threads(threads_of(arguments));
  CAIRN_ASSIGN(const at::ScalarType dtype, compute_dtype(arguments.dtype));
  CAIRN_ASSIGN(const at::Device device, device_named(arguments.device));
  CAIRN_ASSIGN(CausalLm model, CausalLm::load(arguments.folder, dtype));
  CAIRN_TRY(model.move_to(device));
  return model;
}

Result<void> run_score(const Arguments& arguments) {
  CAIRN_ASSIGN(const CausalLm model, load(arguments));
  return each_line(std::cin, std::cout,
                   [&](const json::object& line) { return score_line(model, line); });
}

Result<void> run_generate(const Arguments& arguments) {
  CAIRN_ASSIGN(const CausalLm model, load(arguments));
  CAIRN_ASSIGN(const Tokenizer tokenizer, Tokenizer::load_without_chat(arguments.folder));
  const auto found = ChatTemplate::find(arguments.folder);
  const Result<ChatTemplate> chat =
      found.ok() ? Result<ChatTemplate>(found->value_or(ChatTemplate())) : found.error();
  return each_line(std::cin, std::cout, [&](const json::object& line) {
    return generate_line(model, tokenizer, chat, line);
  });
}

Result<void> run_server(const Arguments& arguments) {
  hold_stop_signals();
  init_logging("cairn-model", Verbosity::kNormal);
  CAIRN_ASSIGN(const CausalLm model, load(arguments));
  return run_serve(arguments.serving, arguments.folder, model, threads_of(arguments));
}

Result<void> run_inspect(const Arguments& arguments) {
  CAIRN_ASSIGN(const json::object answer, inspect_model(arguments.folder));
  std::cout << pretty_json(answer);
  return {};
}

Result<void> run_conversion(const Arguments& arguments) {
  return run_convert(arguments.conversion);
}

void add_serve_options(CLI::App& serve, ServeArguments& arguments) {
  serve.add_option("--host", arguments.host, "IP address to listen on; default 127.0.0.1");
  serve.add_option("--port", arguments.port, "Default 0: any that is free");
  serve.add_option("--token-file", arguments.token_file,
                   "Ask every call for the token in this file (0600); needed beyond loopback");
  serve.add_option("--allow-name", arguments.allow_names,
                   "A further NAME:PORT (or https://NAME) that clients may call the server by");
  serve.add_option("--name", arguments.name, "The model's name; default: its folder's");
  serve.add_option("--kv-budget", arguments.kv_budget,
                   "Most bytes of keys and values: 500MB, 4Gi; default 4Gi");
  serve.add_option("--max-batch", arguments.max_batch, "Answers computed at once; default 64")
      ->check(CLI::PositiveNumber);
  serve
      .add_option("--max-calls", arguments.max_calls,
                  "Calls that run or wait, beyond which they are refused; default 256")
      ->check(CLI::PositiveNumber);
  serve
      .add_option("--max-tokens", arguments.max_tokens, "Of a chat that does not say; default 1024")
      ->check(CLI::PositiveNumber);
}

int main_of(int argc, char** argv) {
  CLI::App app(
      "Model folders: tokenize, score, generate, inspect, convert, serve. JSON Lines on stdin and "
      "stdout.",
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
  CLI::App* serve = add("serve", "OpenAI-compatible API over HTTP; docs/serving.md", run_server);
  add_serve_options(*serve, arguments.serving);
  for (CLI::App* sub : {tokenize, score, generate, serve}) {
    sub->add_option("--model", arguments.folder, "Model folder")->required();
  }
  for (CLI::App* sub : {score, generate, serve}) {
    sub->add_option("--dtype", arguments.dtype, "float32 (default), bfloat16 or float64");
    sub->add_option("--device", arguments.device, "cpu (default), cuda or cuda:N");
    sub->add_option("--threads", arguments.threads, "Default: all cores");
  }
  add("inspect", "Configuration, parameters and tensors as JSON", run_inspect)
      ->add_option("path", arguments.folder, "Model folder, .safetensors or GGUF file")
      ->required();
  ConvertArguments& conversion = arguments.conversion;
  CLI::App* convert =
      add("convert", "GGUF or safetensors -> a Hugging Face model folder", run_conversion);
  convert->add_option("source", conversion.source, "GGUF file or model folder")->required();
  convert->add_option("target", conversion.target, "Folder to make; must not exist")->required();
  convert->add_option("--dtype", conversion.dtype,
                      "float32, bfloat16 or float16; default: as stored, GGUF as float32");
  convert->add_option("--shard-size", conversion.shard_size,
                      "Most bytes of one weights file: 500MB, 2Gi; default 5GB");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (command == run_server) {
    if (const auto checked = check_serve(arguments.serving); !checked.ok()) {
      std::cerr << "cairn-model: " << checked.error().to_string() << "\n";
      return 2;
    }
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
