#include "tests/e2e/cairn_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <csignal>
#include <fstream>

namespace cairn::e2e {
namespace {

constexpr int kAskAgainMs = 5;

// A process may end while it is looked at: then there is nothing to read.
std::string read_all(const fs::path& path) {
  auto text = real_file_system().read(path);
  return text.ok() ? *std::move(text) : std::string();
}

bool live(const std::string& status) {
  const auto state = status.find("State:\t");
  return state != std::string::npos && status[state + 7] != 'Z';
}

std::vector<std::string> command_line(const Place& place, const std::vector<std::string>& rest) {
  std::vector<std::string> argv{CAIRN_BINARY};
  argv.insert(argv.end(), rest.begin(), rest.end());
  for (const std::string& option :
       {std::string("--state-dir"), place.state().string(), std::string("--plugin-dir"),
        (place.folder() / "plugins").string()})
    argv.push_back(option);
  return argv;
}

}  // namespace

Place::Place() {
  std::string name = (fs::temp_directory_path() / "cairn-e2e-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
  folder_ = name;
  // The broken libraries beside them are for the tests of the gates; each costs a command its time.
  fs::create_directory(folder_ / "plugins");
  for (const char* library : {"probe.so", "misbehaving.so"})
    fs::copy_file(fs::path(CAIRN_TEST_PLUGINS) / library, folder_ / "plugins" / library);
}

Place::~Place() {
  for (const pid_t host : hosts()) ::kill(host, SIGKILL);
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder_, ignored)) {
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored))
      fs::permissions(entry.path(), fs::perms::owner_all, ignored);
  }
  fs::remove_all(folder_, ignored);
}

fs::path Place::write(const std::string& name, const std::string& text) const {
  const fs::path path = folder_ / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

Finished Place::run(const std::vector<std::string>& arguments) const {
  return Running(*this, arguments).wait();
}

json::value Place::run_json(std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"-o", "json"});
  boost::system::error_code error;
  json::value value = json::parse(run(arguments).out, error);
  return error ? json::value(json::object{}) : value;
}

std::vector<pid_t> Place::hosts() const {
  return hosts_below(folder_);
}

std::vector<pid_t> hosts_below(const fs::path& folder) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string line = read_all(entry.path() / "cmdline");
    if (line.find("cairn-host") == std::string::npos) continue;
    if (line.find(folder.string()) == std::string::npos) continue;
    if (live(read_all(entry.path() / "status"))) found.push_back(std::stoi(name));
  }
  std::sort(found.begin(), found.end());
  return found;
}

Running::Running(const Place& place, const std::vector<std::string>& arguments) {
  static int count = 0;
  const std::string number = std::to_string(++count);
  out_ = place.folder() / ("out-" + number);
  err_ = place.folder() / ("err-" + number);
  auto words = command_line(place, arguments);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) return;
  const int out = ::open(out_.c_str(), O_CREAT | O_WRONLY, 0600);
  const int err = ::open(err_.c_str(), O_CREAT | O_WRONLY, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (::chdir(place.folder().c_str()) == 0) ::execv(argv[0], argv.data());
  ::_exit(127);
}

Running::~Running() {
  if (!ended()) {
    signal(SIGKILL);
    wait();
  }
}

void Running::signal(int number) const {
  if (!reaped_) ::kill(pid_, number);
}

bool Running::ended() {
  if (!reaped_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) reaped_ = true;
  return reaped_;
}

std::string Running::out() const {
  return read_all(out_);
}

std::string Running::err() const {
  return read_all(err_);
}

Finished Running::wait() {
  while (!reaped_) {
    if (::waitpid(pid_, &status_, 0) == pid_) reaped_ = true;
  }
  Finished finished;
  if (WIFEXITED(status_)) finished.exit_code = WEXITSTATUS(status_);
  if (WIFSIGNALED(status_)) finished.signal = WTERMSIG(status_);
  finished.out = read_all(out_);
  finished.err = read_all(err_);
  return finished;
}

bool wait_until(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    pass(std::chrono::milliseconds(kAskAgainMs));
  }
  return true;
}

std::string await_line(Running& process) {
  (void)wait_until(
      [&] { return process.ended() || process.out().find('\n') != std::string::npos; });
  const std::string out = process.out();
  const std::size_t end = out.find('\n');
  return end == std::string::npos ? std::string() : out.substr(0, end);
}

void pass(std::chrono::milliseconds time) {
  ::poll(nullptr, 0, static_cast<int>(time.count()));
}

std::vector<std::pair<std::string, std::string>> digests(const json::value& run) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& stage : run.as_object().at("stages").as_array()) {
    const auto& object = stage.as_object();
    for (const auto& [name, output] : object.at("outputs").as_object())
      all.emplace_back(std::string(object.at("name").as_string()) + "/" + std::string(name),
                       std::string(output.as_object().at("digest").as_string()));
  }
  return all;
}

std::string status_of(const json::value& run) {
  const auto* status = run.is_object() ? run.as_object().if_contains("status") : nullptr;
  return status == nullptr ? "" : std::string(status->as_string());
}

}  // namespace cairn::e2e
