#include "plugins/model_cli/serve_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <optional>

#include "core/base/fd.h"
#include "core/base/quantity.h"
#include "core/base/text.h"
#include "core/http/bearer.h"
#include "core/http/server.h"
#include "plugins/lib/model/ops.h"
#include "plugins/model_cli/model_api.h"

namespace cairn::model {
namespace {

constexpr Duration kGrace{10'000};
constexpr Duration kFarewell{2'000};  // for answers that say that the server stops
constexpr std::size_t kTokenCharacters = 16;

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

bool another_signal() {
  const sigset_t signals = stop_signals();
  const timespec now{0, 0};
  return ::sigtimedwait(&signals, nullptr, &now) > 0;
}

Result<void> check_token(std::string_view token, const std::string& path) {
  const auto plain = [](char c) { return c > ' ' && c < 0x7f; };
  if (token.size() >= kTokenCharacters && std::ranges::all_of(token, plain)) return {};
  return invalid_argument(path + " holds no token of at least " + std::to_string(kTokenCharacters) +
                              " printable characters",
                          "openssl rand -hex 32 > " + path);
}

Result<std::string> read_token(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) return io_error("read", path, errno);
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return invalid_argument("others may read " + path, "chmod 600 " + path);
  }
  CAIRN_ASSIGN(const std::string text, real_file_system().read(path));
  CAIRN_TRY(check_token(trim(text), path));
  return std::string(trim(text));
}

http::AccessCheck check_for(const std::string& token) {
  return [token](const http::Request& request,
                 const http::Access&) -> std::variant<http::Identity, http::Denied> {
    const auto shown = http::bearer_token(request.headers);
    if (!shown || !http::same_secret(*shown, token)) return http::Denied::kUnknown;
    return http::Identity{"token"};
  };
}

std::string name_of(const ServeArguments& arguments, const std::string& folder) {
  if (!arguments.name.empty()) return arguments.name;
  std::error_code error;
  const fs::path whole = fs::canonical(folder, error);
  return (error ? fs::path(folder) : whole).filename().string();
}

Result<GeneratorOptions> generator_options(const ServeArguments& arguments, const CausalLm& model,
                                           const Tokenizer& tokenizer, int threads) {
  GeneratorOptions options;
  auto budget = parse_bytes(arguments.kv_budget);
  if (!budget.ok()) return with_context(std::move(budget).error(), "--kv-budget");
  options.engine.kv_budget_bytes = static_cast<std::int64_t>(
      std::min<std::uint64_t>(*budget, std::numeric_limits<std::int64_t>::max()));
  options.engine.max_batch_samples = arguments.max_batch;
  // Who else is served meanwhile must not change an answer.
  options.engine.batch_invariant = has_kernels(model.embedding());
  options.engine.tokenizer = &tokenizer;
  options.threads = threads;
  options.max_calls = arguments.max_calls;
  return options;
}

// Until the first signal, then until the calls are answered.
void serve_until_stopped(http::Server& server, Generator& generator) {
  const sigset_t signals = stop_signals();
  int signal = 0;
  while (::sigwait(&signals, &signal) != 0) {
  }
  const Clock& clock = system_clock();
  const auto gives_up = [&](Duration time) {
    return [&clock, end = clock.monotonic() + time] {
      return clock.monotonic() >= end || another_signal();
    };
  };
  if (server.drain(gives_up(kGrace))) return;
  generator.cancel_all();
  if (server.drain(gives_up(kFarewell))) return;
  std::cerr << "cairn-model: some clients did not take their answers\n";
}

}  // namespace

Result<void> check_serve(const ServeArguments& arguments) {
  CAIRN_ASSIGN(const bool loopback, http::is_loopback(arguments.host));
  if (loopback || !arguments.token_file.empty()) return {};
  return invalid_argument(
      "others reach " + arguments.host + ", and no token would be asked of them",
      "name a file with one: --token-file FILE, or stay on 127.0.0.1");
}

void hold_stop_signals() {
  const sigset_t signals = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Result<void> run_serve(const ServeArguments& arguments, const std::string& folder,
                       const CausalLm& model, int threads) {
  CAIRN_TRY(check_serve(arguments));
  CAIRN_ASSIGN(const Tokenizer tokenizer, Tokenizer::load_without_chat(folder));
  const auto found = ChatTemplate::find(folder);
  CAIRN_ASSIGN(GeneratorOptions options, generator_options(arguments, model, tokenizer, threads));
  std::optional<std::string> token;
  if (!arguments.token_file.empty()) {
    CAIRN_ASSIGN(token, read_token(arguments.token_file));
  }
  CAIRN_ASSIGN(const auto generator, Generator::start(model, std::move(options)));
  const auto now = std::chrono::floor<std::chrono::seconds>(system_clock().now());
  ServedModel served{
      name_of(arguments, folder),
      model,
      tokenizer,
      found.ok() ? Result<ChatTemplate>(found->value_or(ChatTemplate())) : found.error(),
      model.config().eos_ids.empty() ? tokenizer.stop_ids() : model.config().eos_ids,
      arguments.max_tokens,
      *generator,
      system_clock(),
      now.time_since_epoch().count()};
  const http::Access access = token ? http::Access::role("user") : http::Access::open();
  CAIRN_ASSIGN(http::Router router, http::Router::create(model_routes(served, access), access));
  http::ServerOptions server_options;
  server_options.host = arguments.host;
  server_options.port = arguments.port;
  server_options.names = arguments.allow_names;
  // One token serves everybody, and every answer may be a stream.
  server_options.limits.streams_per_client = 0;
  server_options.errors = [](int status, const Error& error) {
    return error_response(status, error);
  };
  CAIRN_ASSIGN(const auto server,
               http::Server::start(std::move(server_options), std::move(router),
                                   token ? check_for(*token) : nullptr, system_clock()));
  std::cout << json::serialize(json::object{
                   {"http", server->url()}, {"model", served.name}, {"pid", ::getpid()}})
            << std::endl;
  serve_until_stopped(*server, *generator);
  return {};
}

}  // namespace cairn::model
