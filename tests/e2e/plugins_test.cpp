// From nothing to a tested stage, with what `cmake --install` puts into a folder and nothing else
// of this tree: plugins new, build, test, run, check, kill and resume.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "core/base/text.h"
#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {
namespace {

using ::testing::HasSubstr;

struct Answer {
  int exit_code = 0;
  std::string text;  // both streams
};

Answer sh(const std::string& command, const fs::path& folder) {
  Answer answer;
  const std::string line = "cd '" + folder.string() + "' && { " + command + "\n} 2>&1 </dev/null";
  FILE* pipe = ::popen(line.c_str(), "r");
  char buffer[4096];
  for (std::size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    answer.text.append(buffer, count);
  const int status = ::pclose(pipe);
  answer.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return answer;
}

// The installed tree, moved once it is made: nothing in it may know where it was.
class InstalledTree : public ::testing::Environment {
 public:
  void SetUp() override {
    folder_ = make_private_folder(fs::temp_directory_path(), "cairn-installed-").value();
    const fs::path first = folder_ / "first";
    const Answer made =
        sh("cmake --install " CAIRN_BINARY_DIR " --prefix '" + first.string() + "'", folder_);
    ASSERT_EQ(made.exit_code, 0) << made.text;
    fs::rename(first, prefix());
    ::setenv("PATH", ((prefix() / "bin").string() + ":" + ::getenv("PATH")).c_str(), 1);
  }
  void TearDown() override { fs::remove_all(folder_); }
  static fs::path prefix() { return folder_ / "cairn"; }

 private:
  static inline fs::path folder_;
};

const auto* const kTree = ::testing::AddGlobalTestEnvironment(new InstalledTree);

class Folder {
 public:
  Folder() : path_(make_private_folder(fs::temp_directory_path(), "cairn-new-").value()) {
    ::setenv("CAIRN_STATE_DIR", (path_ / "state").c_str(), 1);
    ::setenv("XDG_CACHE_HOME", (path_ / "cache").c_str(), 1);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string text_of(const fs::path& file) {
  return real_file_system().read(file).value_or("");
}

// The commands of a document's fenced blocks.
std::vector<std::string> commands_of(const std::string& markdown) {
  std::vector<std::string> commands;
  bool fenced = false;
  for (const auto line : split(markdown, '\n')) {
    if (line.starts_with("```"))
      fenced = !fenced;
    else if (fenced)
      commands.emplace_back(line);
  }
  return commands;
}

class NewPlugin : public ::testing::TestWithParam<std::string> {};

TEST_P(NewPlugin, DoesAllThatItsReadmeSays) {
  const Folder folder;
  const auto start = std::chrono::steady_clock::now();
  const Answer made = sh("cairn plugins new my_stage " + GetParam(), folder.path());
  ASSERT_EQ(made.exit_code, 0) << made.text;
  const fs::path plugin = folder.path() / "my_stage";
  const auto commands = commands_of(text_of(plugin / "README.md"));
  ASSERT_EQ(commands.size(), 5u);
  for (const std::string& command : commands) {
    const Answer answer = sh(command, plugin);
    ASSERT_EQ(answer.exit_code, 0) << command << "\n" << answer.text;
    if (command.starts_with("ctest")) {
      EXPECT_THAT(answer.text, HasSubstr("100% tests passed"));
    }
    if (command.find("plugins check") != std::string::npos) {
      EXPECT_THAT(answer.text, HasSubstr("all checks passed"));
    }
  }
  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::cout << "new, configure, build, test, run and check " << GetParam() << ": " << seconds
            << " s\n";
}

std::vector<std::string> kinds() {
  std::vector<std::string> list = {"--kind filter", "--kind source", "--kind trainer",
                                   "--kind scorer"};
#if CAIRN_TEST_WITH_TORCH
  list.emplace_back("--torch");
#endif
  return list;
}
INSTANTIATE_TEST_SUITE_P(Kinds, NewPlugin, ::testing::ValuesIn(kinds()), [](const auto& info) {
  return info.param.substr(info.param.find_last_of(" -") + 1);
});

TEST(PluginsNew, OverwritesOnlyWhenTold) {
  const Folder folder;
  ASSERT_EQ(sh("cairn plugins new mine", folder.path()).exit_code, 0);
  const Answer again = sh("cairn plugins new mine", folder.path());
  EXPECT_EQ(again.exit_code, 8);
  EXPECT_THAT(again.text, HasSubstr("already holds CMakeLists.txt, mine.cpp"));
  const Answer forced = sh("cairn plugins new mine --force", folder.path());
  EXPECT_EQ(forced.exit_code, 0);
  EXPECT_THAT(forced.text, HasSubstr("replaced mine/mine.cpp"));
  for (const char* name : {"Mine", "1st", "a/b", "..", "a-b", ""}) {
    const Answer refused = sh("cairn plugins new '" + std::string(name) + "'", folder.path());
    EXPECT_EQ(refused.exit_code, 2) << name << refused.text;
  }
}

TEST(PluginsBuild, CompilesOneFile) {
  const Folder folder;
  const fs::path source =
      InstalledTree::prefix() / "share/cairn/workflows/examples/10-custom-stage";
  const Answer built =
      sh("cairn plugins build " + (source / "word_count.cpp").string(), folder.path());
  ASSERT_EQ(built.exit_code, 0) << built.text;
  EXPECT_THAT(built.text, HasSubstr("word_count.so: word_count"));
  EXPECT_TRUE(fs::exists(folder.path() / "word_count.so.manifest"));
  const Answer run = sh("cairn run " + source.string() + ".yaml --plugin-dir .", folder.path());
  EXPECT_EQ(run.exit_code, 0) << run.text;
  fs::create_directory(folder.path() / "wrong");
  const Answer wrong =
      sh("echo 'int main() { return x; }' > w.cpp; cairn plugins build w.cpp", folder.path());
  EXPECT_EQ(wrong.exit_code, 2) << wrong.text;
  EXPECT_THAT(wrong.text, HasSubstr("w.cpp does not compile"));
}

// The last line: what the whole is for.
TEST(NewTrainer, KilledAndResumedEndsWithTheSameBytes) {
  const Folder folder;
  ASSERT_EQ(sh("cairn plugins new my_trainer --kind trainer && cairn plugins build "
               "my_trainer/my_trainer.cpp",
               folder.path())
                .exit_code,
            0);
  const std::string run = "cairn run my_trainer/workflow.yaml --plugin-dir . --set steps=30000 -q";
  const Answer peace = sh(run + " --state-dir peace", folder.path());
  ASSERT_EQ(peace.exit_code, 0) << peace.text;
  const auto digest = [&](const std::string& state) {
    const auto got =
        parse_json(sh("cairn get @latest -o json --state-dir " + state, folder.path()).text);
    return got.ok() ? digests(*got) : std::vector<std::pair<std::string, std::string>>();
  };

  // Killed once it has a checkpoint, host first, then the engine.
  ASSERT_EQ(sh(run + " > run.log 2>&1 & echo $! > engine", folder.path()).exit_code, 0);
  const pid_t engine = std::stoi(text_of(folder.path() / "engine"));
  ASSERT_TRUE(wait_until([&] {
    return !sh("ls -d state/store/runs/*/my_trainer/checkpoints/[1-9]* 2>/dev/null", folder.path())
                .text.empty();
  })) << text_of(folder.path() / "run.log");
  ::kill(engine, SIGKILL);
  for (const pid_t host : hosts_below(folder.path())) ::kill(host, SIGKILL);
  // Dying takes a moment, in which its socket is still there.
  ASSERT_TRUE(wait_until([&] {
    const std::string stat = text_of("/proc/" + std::to_string(engine) + "/stat");
    return stat.empty() || stat.find(") Z ") != std::string::npos;
  }));
  const Answer listed = sh("cairn list -o json", folder.path());
  EXPECT_THAT(listed.text, HasSubstr("interrupted"));
  const Answer resumed = sh("cairn resume @latest --plugin-dir .", folder.path());
  ASSERT_EQ(resumed.exit_code, 0) << resumed.text;
  EXPECT_THAT(sh("cairn logs @latest/my_trainer", folder.path()).text,
              HasSubstr("continuing from the checkpoint at step"));
  EXPECT_EQ(digest("state"), digest("peace"));
}

}  // namespace
}  // namespace cairn::e2e
