#include "tests/unit/model_cli/served_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/base/text.h"
#include "plugins/lib/model/config.h"
#include "plugins/lib/model/tokenizer.h"
#include "tests/unit/model/fixtures.h"

namespace cairn::model {
namespace {

pid_t start(const Words& arguments, int in, int out, int err) {
  Words words{CAIRN_MODEL_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  if (err >= 0) ::dup2(err, STDERR_FILENO);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

int exit_code_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) != pid) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

SmallModel::SmallModel(std::int64_t positions)
    : folder_(make_private_folder(fs::temp_directory_path(), "cairn-serve-").value()) {
  fs::copy(fixtures() / "qwen3-dense/checkpoint", folder(), fs::copy_options::recursive);
  if (positions > 0) {
    json::object config = parse_json_object(read_text(folder() / "config.json")).value();
    config["max_position_embeddings"] = positions;
    EXPECT_TRUE(
        real_file_system().write_atomic(folder() / "config.json", pretty_json(config)).ok());
  }
  const std::int64_t vocab = read_config(folder()).value().vocab_size;
  const std::string text = read_text(CAIRN_SOURCE_DIR "/README.md");
  const std::string learned = train_tokenizer({text}, vocab, 1).value();
  EXPECT_TRUE(real_file_system().write_atomic(folder() / "tokenizer.json", learned).ok());
}

SmallModel::~SmallModel() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string SmallModel::write(const std::string& name, const std::string& text) const {
  const fs::path path = folder_ / name;
  EXPECT_TRUE(real_file_system().write_atomic(path, text).ok());
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  return path.string();
}

Ended run_cairn_model(const Words& arguments, const std::string& input) {
  const fs::path folder = make_private_folder(fs::temp_directory_path(), "cairn-serve-").value();
  EXPECT_TRUE(real_file_system().write_atomic(folder / "in", input).ok());
  const auto open = [&](const char* name, int flags) {
    return Fd(::open((folder / name).c_str(), flags, 0600));
  };
  const Fd in = open("in", O_RDONLY);
  const Fd out = open("out", O_CREAT | O_WRONLY);
  const Fd err = open("err", O_CREAT | O_WRONLY);
  Ended ended;
  ended.exit_code = exit_code_of(start(arguments, in.get(), out.get(), err.get()));
  ended.out = read_text(folder / "out");
  ended.err = read_text(folder / "err");
  fs::remove_all(folder);
  return ended;
}

ServedProcess::ServedProcess(const SmallModel& model, Words options) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  out_.reset(ends[0]);
  const Fd write(ends[1]);
  const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  options.insert(options.begin(), {"serve", "--model", model.folder().string(), "--threads", "1"});
  pid_ = start(options, nothing.get(), write.get(), -1);
  std::string line;
  for (char letter = 0; ::read(out_.get(), &letter, 1) == 1 && letter != '\n';) line += letter;
  auto parsed = parse_json_object(line);
  EXPECT_TRUE(parsed.ok()) << "'" << line << "'";
  if (parsed.ok()) ready_ = *std::move(parsed);
}

ServedProcess::~ServedProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  (void)wait();
}

std::uint16_t ServedProcess::port() const {
  const std::string url = get_string(ready_, "http").value_or(":0");
  return static_cast<std::uint16_t>(std::atoi(url.substr(url.rfind(':') + 1).c_str()));
}

void ServedProcess::signal(int number) const {
  ::kill(pid_, number);
}

int ServedProcess::wait() {
  const int code = exit_code_of(pid_);
  pid_ = -1;
  return code;
}

http::Reply ServedProcess::post(const std::string& path, json::object body) const {
  if (!body.contains("model")) body["model"] = ready_.at("model");
  http::Client client(port());
  client.post(path, json::serialize(body));
  return client.reply();
}

json::object ServedProcess::chat(const std::string& text, json::object more) const {
  more["messages"] = json::array{json::object{{"role", "user"}, {"content", text}}};
  const http::Reply reply = post("/v1/chat/completions", std::move(more));
  EXPECT_EQ(reply.status, 200) << reply.body;
  return reply.json();
}

json::object ServedProcess::complete(json::object body) const {
  const http::Reply reply = post("/v1/completions", std::move(body));
  EXPECT_EQ(reply.status, 200) << reply.body;
  return reply.json();
}

std::vector<json::object> events_of(const std::string& body) {
  std::vector<json::object> events;
  bool done = false;
  for (const std::string_view line : split(body, '\n')) {
    constexpr std::string_view kData = "data: ";
    if (!line.starts_with(kData)) continue;
    EXPECT_FALSE(done) << line;
    done = line == "data: [DONE]";
    if (!done) events.push_back(parse_json_object(line.substr(kData.size())).value());
  }
  EXPECT_TRUE(done) << body;
  return events;
}

}  // namespace cairn::model
