// model_files_fuzz [--seconds N | --rounds N] [--seed S] [--round R]: damaged safetensors files,
// indexes, GGUF files, configurations and chat templates through the readers of plugins/lib/model.
//
// A pure function of the seed: round R of a target makes the same input on any machine, and --round
// repeats it alone. Whatever is accepted must hold together: every value is read, what is written
// from it is read again. Anything else must be an error. A round that takes long, ends the process
// or allocates what a lying length asks for fails.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>

#include "plugins/lib/model/config.h"
#include "plugins/lib/model/float_formats.h"
#include "plugins/lib/model/fused_experts.h"
#include "plugins/lib/model/gguf_model.h"
#include "plugins/lib/model/jinja_template.h"
#include "plugins/lib/model/safetensors.h"
#include "plugins/lib/model/safetensors_header.h"
#include "tests/fuzz/mutate.h"
#include "tests/unit/model/fixtures.h"
#include "tests/unit/model/gguf_builder.h"

// AddressSanitizer's own names: a lying length must not become an allocation.
extern "C" const char* __asan_default_options() {
  return "max_allocation_size_mb=256:allocator_may_return_null=0";
}
extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));

namespace cairn::fuzz {
namespace {

using namespace cairn::model;

constexpr unsigned kSecondsOfARound = 20;

char now_running[128] = "nothing";

void say_where() {
  const char* parts[] = {"\nfailed in ", now_running, "\n"};
  for (const char* part : parts) {
    if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) return;
  }
}

[[noreturn]] void die_saying_where(int signal) {
  say_where();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::_Exit(1);
}

[[noreturn]] void broken(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

struct Target {
  const char* name;
  std::vector<std::string> corpus;
  std::size_t head;  // bytes that mutations prefer
  // Whether the reader accepted the input. Aborts when what it accepted does not hold together.
  std::function<bool(const std::string&)> read;
  bool json = false;
};

std::vector<std::string> files_with(const std::string& ending) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(fixtures())) {
    const bool small = entry.is_regular_file() && entry.file_size() < 20'000;
    if (small && entry.path().string().ends_with(ending)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> texts;
  for (const fs::path& path : paths) texts.push_back(read_text(path));
  if (texts.empty()) broken("no file " + ending + " in " + fixtures().string());
  return texts;
}

bool read_safetensors(const fs::path& place, const std::string& bytes) {
  fs::remove(place);  // some file systems write a file that is cut to nothing out at once
  std::ofstream(place, std::ios::binary) << bytes;
  const auto file = SafetensorsFile::open(place);
  if (!file.ok()) return false;
  std::size_t covered = 0;
  for (const TensorView& tensor : file->tensors()) {
    covered += tensor.data.size();
    if (file->find(tensor.name) != &tensor) broken("a tensor is not found by its name");
    if (tensor.elements() <= 1'000'000) (void)to_f32(tensor);
    const auto experts = split_experts(tensor);
    if (!experts.ok()) continue;
    std::size_t split = 0;
    for (const TensorView& part : *experts) split += part.data.size();
    if (split != tensor.data.size()) broken("experts do not cover their tensor");
  }
  if (covered + 8 > bytes.size()) broken("tensors reach past their file");
  return true;
}

bool read_gguf(const std::string& bytes) {
  // Exactly as large as the file, so that one byte past its end is seen.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  const auto file = GgufFile::parse(std::as_bytes(std::span(exact)));
  if (!file.ok()) return false;
  for (const auto& [key, value] : file->metadata()) (void)to_json(value);
  std::vector<float> values;
  for (const GgufTensor& tensor : file->tensors()) {
    values.resize(static_cast<std::size_t>(tensor.elements()));
    dequantise(tensor, 0, tensor.elements() / tensor.row_size(), values);
  }
  const auto config = gguf_config(*file);
  if (!config.ok()) return false;
  const bool tokenizer = gguf_tokenizer_files(*file, *config).ok();
  const auto parameters = gguf_parameters(*file, *config);
  if (!parameters.ok()) return false;
  for (const GgufParameter& parameter : *parameters) (void)gguf_values(parameter);
  return tokenizer;
}

bool read_config_text(const std::string& text) {
  const auto object = parse_json_object(text);
  if (!object.ok()) return false;
  const auto config = config_from_json(*object);
  if (!config.ok()) return false;
  for (std::int64_t layer = 0; layer < config->layers; ++layer) (void)config->has_experts(layer);
  const json::object written = config_to_json(*config, "float32");
  const auto again = config_from_json(written);
  if (!again.ok()) broken("what was accepted is refused when written: " + again.error().message);
  if (config_to_json(*again, "float32") != written) broken("a configuration changes when written");
  return true;
}

fs::path template_tests() {
  return fs::path(CAIRN_SOURCE_DIR) / "tests/unit/model";
}

bool render_template(const std::string& source) {
  static const json::object kVariables =
      read_lines(template_tests() / "jinja_cases.jsonl").front().at("variables").as_object();
  const auto parsed = jinja::Template::parse(source);
  return parsed.ok() && parsed->render(kVariables).ok();
}

std::vector<std::string> template_corpus() {
  std::vector<std::string> sources;
  for (const json::object& one : read_lines(template_tests() / "jinja_cases.jsonl")) {
    if (const auto* source = one.if_contains("template")) sources.emplace_back(source->as_string());
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(template_tests() / "chat_templates")) {
    if (entry.path().extension() == ".jinja") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) sources.push_back(read_text(file));
  return sources;
}

std::vector<std::string> gguf_corpus() {
  const SmallLlama tiny{.layers = 1, .hidden = 8, .inner = 8, .heads = 2, .kv_heads = 1};
  std::vector<std::string> files = {small_llama(tiny).bytes()};
  SmallLlama own_head = tiny;
  own_head.tied = false;
  files.push_back(small_llama(own_head).bytes());
  GgufBuilder quantised;
  quantised.text("general.architecture", "llama");
  const std::pair<std::uint32_t, std::size_t> types[] = {
      {1, 64}, {30, 64}, {8, 34}, {2, 18}, {3, 20}};
  for (const auto& [type, bytes] : types) {
    quantised.tensor("t" + std::to_string(type), {32, 2}, type, std::string(2 * bytes, '\x5a'));
  }
  files.push_back(quantised.bytes());
  return files;
}

std::vector<Target> targets(const fs::path& place) {
  std::vector<std::string> indexes = {
      R"({"metadata": {"total_size": 40}, "weight_map": {"a": "model-00001-of-00002.safetensors",)"
      R"( "b": "model-00002-of-00002.safetensors"}})"};
  return {{"safetensors", files_with(".safetensors"), 512,
           [place](const std::string& bytes) { return read_safetensors(place, bytes); }},
          {"index", indexes, 512, [](const std::string& text) { return parse_index(text).ok(); }},
          {"gguf", gguf_corpus(), 6000, read_gguf},
          {"config", files_with("config.json"), 4096, read_config_text, true},
          {"template", template_corpus(), 4096, render_template}};
}

struct Limits {
  std::uint64_t seed = 1;
  std::uint64_t rounds = 20000;  // of each target
  double seconds = 0;            // of all; 0: the rounds count
  std::int64_t only = -1;
};

// Accepted and refused inputs; `share`: of the seconds.
std::pair<std::uint64_t, std::uint64_t> run(const Target& target, const Limits& limits,
                                            std::chrono::duration<double> share) {
  std::uint64_t accepted = 0, refused = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t round = 0;; ++round) {
    if (limits.only >= 0) {
      if (round > 0) break;
      round = static_cast<std::uint64_t>(limits.only);
    } else if (limits.seconds > 0 ? std::chrono::steady_clock::now() - begin > share
                                  : round >= limits.rounds) {
      break;
    }
    std::snprintf(now_running, sizeof now_running, "target %s: --seed %llu --round %llu",
                  target.name, static_cast<unsigned long long>(limits.seed),
                  static_cast<unsigned long long>(round));
    RandomStream random(limits.seed, target.name, {round});
    std::string input = target.corpus[random.below(target.corpus.size())];
    if (target.json && random.below(4) != 0) {
      input = mutate_json(input, random);
    } else {
      input = mutate(std::move(input), target.head, target.corpus, random);
    }
    ::alarm(kSecondsOfARound);
    ++(target.read(input) ? accepted : refused);
    if (limits.only >= 0) break;
  }
  ::alarm(0);
  return {accepted, refused};
}

bool number_of(const char* text, double& value) {
  char* end = nullptr;
  value = std::strtod(text, &end);
  return end != text && *end == '\0' && value >= 0 && value < 9e15;
}

int main_of(int argc, char** argv) {
  Limits limits;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    double value = 0;
    if (i + 1 >= argc || !number_of(argv[i + 1], value)) {
      std::fprintf(stderr, "model_files_fuzz [--seconds N | --rounds N] [--seed S] [--round R]\n");
      return 2;
    }
    if (option == "--seconds") limits.seconds = value;
    if (option == "--rounds") limits.rounds = static_cast<std::uint64_t>(value);
    if (option == "--seed") limits.seed = static_cast<std::uint64_t>(value);
    if (option == "--round") limits.only = static_cast<std::int64_t>(value);
  }
  for (const int signal : {SIGALRM, SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) {
    if (__sanitizer_set_death_callback == nullptr || signal == SIGALRM || signal == SIGABRT) {
      std::signal(signal, die_saying_where);
    }
  }
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(say_where);
  const TempFolder temp;
  std::printf("seed %llu\n", static_cast<unsigned long long>(limits.seed));
  bool fair = true;
  const std::vector<Target> all = targets(temp.path() / "input.safetensors");
  for (const Target& target : all) {
    for (const std::string& whole : target.corpus) (void)target.read(whole);
    const auto [accepted, refused] =
        run(target, limits,
            std::chrono::duration<double>(limits.seconds / static_cast<double>(all.size())));
    std::printf("%-12s %8llu inputs, %llu of them accepted\n", target.name,
                static_cast<unsigned long long>(accepted + refused),
                static_cast<unsigned long long>(accepted));
    // One that only refuses, or never does, tests nothing.
    fair = fair && (limits.only >= 0 || (accepted > 0 && refused > 0));
  }
  if (!fair) std::fprintf(stderr, "a target saw only one side: more rounds are needed\n");
  return fair ? 0 : 1;
}

}  // namespace
}  // namespace cairn::fuzz

int main(int argc, char** argv) {
  try {
    return cairn::fuzz::main_of(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s in %s\n", error.what(), cairn::fuzz::now_running);
    return 1;
  }
}
