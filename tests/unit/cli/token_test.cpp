// cairn token and cairn ui, as a script sees them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <sstream>

#include "core/base/fd.h"
#include "core/base/text.h"
#include "core/cli/cli.h"
#include "core/cli/ui_link.h"
#include "core/server/access_token.h"
#include "core/server/security/tokens.h"
#include "schemas/control.grpc.pb.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// An engine that tells where its page is, and nothing else.
class TellingControl final : public v1::Control::Service {
 public:
  explicit TellingControl(std::string url) : url_(std::move(url)) {}
  grpc::Status Describe(grpc::ServerContext*, const v1::DescribeRequest*,
                        v1::Document* document) override {
    json::object description{{"pid", 1}, {"command", "cairn serve"}, {"runs", json::array{}}};
    if (!url_.empty()) description["http"] = url_;
    document->set_json(json::serialize(description));
    return grpc::Status::OK;
  }

 private:
  std::string url_;
};

class TokenCommand : public ::testing::Test {
 protected:
  TokenCommand()
      : folder_(make_private_folder(fs::temp_directory_path(), "cairn-token-").value()) {}
  ~TokenCommand() override {
    if (server_) server_->Shutdown();
    fs::remove_all(folder_);
  }

  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };
  Outcome run(std::vector<std::string> arguments) {
    Environment environment;
    environment.program = "/nowhere/bin/cairn";
    environment.variable = [&](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
    arguments.insert(arguments.end(), {"--state-dir", state().string()});
    std::ostringstream out;
    std::ostringstream err;
    const ExitCode code = run_cli(arguments, environment, out, err);
    return {static_cast<int>(code), out.str(), err.str()};
  }
  [[nodiscard]] fs::path state() const { return folder_ / "state"; }
  std::unique_ptr<AccessTokens> tokens() {
    return AccessTokens::open(state(), system_clock()).value();
  }
  // The secret of a token that the command makes.
  std::string create(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments{"token", "create"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome made = run(arguments);
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(made.out.size(), 65u) << "the token alone";
    return std::string(trim(made.out));
  }

  void tell(const std::string& url) {
    fs::create_directories(state());
    control_ = std::make_unique<TellingControl>(url);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + (state() / "engine.sock").string(),
                             grpc::InsecureServerCredentials());
    builder.RegisterService(control_.get());
    server_ = builder.BuildAndStart();
    ASSERT_TRUE(server_);
  }

  fs::path folder_;
  std::map<std::string, std::string> variables_;
  std::unique_ptr<TellingControl> control_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(TokenCommand, AMadeTokenIsGoodAndIsShownThisOnce) {
  const std::string secret = create({"--label", "ann", "--role", "admin", "--expires", "30d"});
  const auto found = tokens()->find(secret, TokenKind::kToken);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->who(), "ann");
  EXPECT_EQ(found->role, Role::kAdmin);
  EXPECT_EQ(*found->expires - found->created, std::chrono::hours(24 * 30));
  EXPECT_EQ(tokens()->find(create(), TokenKind::kToken)->role, Role::kViewer);
  const Outcome table = run({"token", "list"});
  EXPECT_THAT(table.out, AllOf(StartsWith("ID"), HasSubstr("ann"), HasSubstr(found->id)));
  const Outcome document = run({"token", "list", "-o", "json"});
  for (const Outcome& outcome : {table, document})
    EXPECT_THAT(outcome.out, AllOf(Not(HasSubstr(secret)), Not(HasSubstr(found->digest))));
  EXPECT_THAT(run({"token", "list", "-o", "name"}).out, StartsWith(found->id + "\n"));
}

TEST_F(TokenCommand, AsJsonTheTokenIsAMember) {
  const Outcome made = run({"token", "create", "--label", "ann", "-o", "json"});
  const auto document = parse_json_object(made.out);
  ASSERT_TRUE(document.ok()) << made.out;
  const std::string secret(document->at("token").as_string());
  EXPECT_TRUE(tokens()->find(secret, TokenKind::kToken));
  EXPECT_EQ(document->at("role").as_string(), "viewer");
  EXPECT_EQ(made.err, "");
}

TEST_F(TokenCommand, ARevokedTokenIsGoodNoMore) {
  const std::string secret = create({"--label", "ann"});
  const auto entry = tokens()->find(secret, TokenKind::kToken);
  ASSERT_TRUE(tokens()->make_session(*entry).ok());
  EXPECT_EQ(run({"token", "revoke", secret}).code, 4) << "it is named by its id";
  const Outcome revoked = run({"token", "revoke", entry->id});
  EXPECT_EQ(revoked.code, 0);
  EXPECT_EQ(revoked.out, "revoked " + entry->id + " and 1 made from it\n");
  EXPECT_FALSE(tokens()->find(secret, TokenKind::kToken));
  EXPECT_EQ(run({"token", "revoke", entry->id}).code, 4);
}

TEST_F(TokenCommand, MistakesExitWithTheirCode) {
  EXPECT_EQ(run({"token"}).code, 2);
  EXPECT_EQ(run({"token", "create", "--role", "root"}).code, 2);
  EXPECT_EQ(run({"token", "create", "--expires", "soon"}).code, 2);
  EXPECT_EQ(run({"token", "create", "--expires", "9999d"}).code, 2);
  EXPECT_EQ(run({"token", "create", "--label", "a\nb"}).code, 2);
  EXPECT_EQ(run({"token", "list", "--server", "localhost:1"}).code, 2);
  create({"--label", "ann"});
  EXPECT_EQ(run({"token", "create", "--label", "ann"}).code, 8);
  EXPECT_EQ(run({"token", "list"}).code, 0);
  std::ofstream(state() / "tokens.json") << "{";
  for (const char* command : {"list", "create"}) {
    const Outcome damaged = run({"token", command});
    EXPECT_EQ(damaged.code, 1);
    EXPECT_EQ(damaged.out, "");
    EXPECT_THAT(damaged.err, HasSubstr("tokens.json"));
  }
}

TEST_F(TokenCommand, IdsAreCompleted) {
  const std::string secret = create();
  variables_["CAIRN_STATE_DIR"] = state().string();
  Environment environment;
  environment.program = "/nowhere/bin/cairn";
  environment.variable = [&](const std::string& name) -> std::optional<std::string> {
    return name == "CAIRN_STATE_DIR" ? std::optional(state().string()) : std::nullopt;
  };
  const auto completed = [&](const std::vector<std::string>& words) {
    std::ostringstream out, err;
    EXPECT_EQ(run_cli(words, environment, out, err), ExitCode::kDone) << err.str();
    return out.str();
  };
  EXPECT_EQ(completed({"__complete", "token", "revoke", ""}),
            tokens()->find(secret, TokenKind::kToken)->id + "\n");
  EXPECT_EQ(completed({"__complete", "token", "create", "--role", "a"}), "admin\n");
  EXPECT_EQ(completed({"__complete", "token", ""}), "create\nlist\nrevoke\n");
}

TEST_F(TokenCommand, WithoutAServerThereIsNoLink) {
  const Outcome none = run({"ui"});
  EXPECT_EQ(none.code, 5);
  EXPECT_THAT(none.err, HasSubstr("cairn serve"));
  EXPECT_EQ(run({"ui", "--server", "localhost:1"}).code, 2);
  tell("");
  const Outcome mute = run({"ui"});
  EXPECT_EQ(mute.code, 5);
  EXPECT_THAT(mute.err, HasSubstr("serves no page"));
  EXPECT_EQ(mute.out, "");
}

TEST_F(TokenCommand, ALinkHoldsACodeThatIsGoodOnce) {
  tell("http://localhost:7717");
  const Outcome shown = run({"ui"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  const std::string before = "http://localhost:7717/#code=";
  ASSERT_THAT(shown.out, StartsWith(before));
  const std::string code(trim(shown.out.substr(before.size())));
  EXPECT_EQ(code.size(), 64u);
  EXPECT_THAT(shown.err, Not(HasSubstr(code)));
  EXPECT_EQ(tokens()->redeem(code)->entry.who(), "admin");
  EXPECT_FALSE(tokens()->redeem(code).ok());
  const Outcome document = run({"ui", "-o", "json"});
  EXPECT_THAT(std::string(parse_json_object(document.out)->at("url").as_string()),
              StartsWith(before));
  EXPECT_FALSE(fs::exists(state() / "open.html")) << "there is no display";
}

TEST_F(TokenCommand, ABrowserIsStartedWithAFileThatOthersCannotRead) {
  tell("http://localhost:7717");
  // Says what it was started with, and what it found there.
  const fs::path told = folder_ / "told";
  ASSERT_EQ(::mkfifo(told.c_str(), 0600), 0);
  const fs::path program = folder_ / "xdg-open";
  std::ofstream(program) << "#!/bin/sh\n{ echo \"$@\"; cat \"$1\"; } > " << told.string() << "\n";
  fs::permissions(program, fs::perms::owner_all);
  variables_ = {{"DISPLAY", ":0"}, {"PATH", folder_.string()}};
  const Fd pipe(::open(told.c_str(), O_RDONLY | O_NONBLOCK));
  EXPECT_EQ(run({"ui", "--no-open"}).code, 0);
  EXPECT_FALSE(fs::exists(state() / "open.html"));
  const Outcome opened = run({"ui"});
  EXPECT_EQ(opened.code, 0);
  pollfd waiting{pipe.get(), POLLIN, 0};
  std::string text;
  while (text.find("Go on to Cairn") == std::string::npos) {
    ASSERT_EQ(::poll(&waiting, 1, 30'000), 1) << text;
    char bytes[4096];
    const ssize_t count = ::read(pipe.get(), bytes, sizeof bytes);
    ASSERT_GT(count, 0) << text;
    text.append(bytes, static_cast<std::size_t>(count));
  }
  const std::string arguments = text.substr(0, text.find('\n'));
  const std::string link(trim(opened.out));
  EXPECT_EQ(arguments, (state() / "open.html").string());
  EXPECT_THAT(arguments, Not(HasSubstr(link.substr(link.find('=') + 1))));
  EXPECT_THAT(text, HasSubstr(link));
  EXPECT_EQ(static_cast<unsigned>(fs::status(state() / "open.html").permissions()), 0600u);
}

TEST_F(TokenCommand, WithoutABrowserTheLinkIsStillThere) {
  tell("http://localhost:7717");
  variables_ = {{"WAYLAND_DISPLAY", "wayland-0"}, {"PATH", folder_.string() + "::relative"}};
  const Outcome shown = run({"ui"});
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.out, StartsWith("http://localhost:7717/#code="));
  EXPECT_THAT(shown.err, HasSubstr("xdg-open"));
}

TEST(UiLink, LeadsToWhereABrowserOfThisMachineGets) {
  EXPECT_EQ(ui_link("http://127.0.0.1:7717", "c"), "http://127.0.0.1:7717/#code=c");
  EXPECT_EQ(ui_link("https://0.0.0.0:8443", "c"), "https://localhost:8443/#code=c");
  EXPECT_EQ(ui_link("https://[::]:8443/", "c"), "https://localhost:8443/#code=c");
  EXPECT_EQ(ui_link("http://[::1]:1", "c"), "http://[::1]:1/#code=c");
}

TEST(UiLink, NothingBreaksOutOfTheLandingPage) {
  const std::string page = landing_page("http://a/\"><script>&");
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, HasSubstr("content=\"0; url=http://a/&quot;&gt;&lt;script&gt;&amp;\""));
}

}  // namespace
}  // namespace cairn
