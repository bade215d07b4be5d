// HostGateway, the engine's end of the stream, with hosts that are real or played by the test.
#include <gmock/gmock.h>
#include <grpc/grpc.h>

#include <csignal>
#include <mutex>

#include "core/server/host_gateway.h"
#include "tests/unit/host/fake_engine.h"

namespace cairn::host {
namespace {

using ::testing::SizeIs;

class Gateway : public HostTest {
 protected:
  // gRPC stays up from test to test: to end it can take its threads ten seconds.
  static void SetUpTestSuite() { ::grpc_init(); }

  Gateway() {
    engine_.reset();
    gateway_.on_reports([this](const std::string& host, std::vector<v1::HostReport> reports) {
      const std::lock_guard lock(mutex_);
      EXPECT_EQ(host, "host-1");
      for (auto& report : reports) reports_.push_back(std::move(report));
    });
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket(), grpc::InsecureServerCredentials());
    builder.RegisterService(&gateway_);
    server_ = builder.BuildAndStart();
  }
  ~Gateway() override {
    if (host_ > 0) signal_host(SIGKILL);
    server_->Shutdown(std::chrono::system_clock::now());
  }
  [[nodiscard]] std::string socket() const { return (folder_ / "socket").string(); }
  [[nodiscard]] std::size_t heard() {
    const std::lock_guard lock(mutex_);
    return reports_.size();
  }

  static v1::EngineCommand ack(std::uint64_t sequence) {
    v1::EngineCommand command;
    command.mutable_ack()->set_sequence(sequence);
    return command;
  }
  static v1::HostReports hello() {
    v1::HostReports message;
    message.add_reports()->mutable_hello()->set_host("host-1");
    return message;
  }

  // A host that the test plays.
  struct Played {
    explicit Played(const std::string& socket)
        : stub(v1::Hosts::NewStub(
              grpc::CreateChannel("unix:" + socket, grpc::InsecureChannelCredentials()))),
          stream(stub->Attach(&context)) {}
    grpc::ClientContext context;
    std::unique_ptr<v1::Hosts::Stub> stub;
    std::unique_ptr<grpc::ClientReaderWriter<v1::HostReports, v1::EngineCommands>> stream;
  };

  HostGateway gateway_;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  std::vector<v1::HostReport> reports_;
};

TEST_F(Gateway, RunsTasksOnARealHost) {
  start_host();
  std::vector<v1::EngineCommand> commands;
  const Task like = noop();
  *commands.emplace_back().mutable_stage() = like.stage;
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto& assignment = *commands.emplace_back().mutable_assignment();
    assignment = like.assignment;
    assignment.mutable_attempt()->set_token(i);
  }
  gateway_.send("host-1", std::move(commands));
  wait_until([&] { return heard() == 41; });
  {
    const std::lock_guard lock(mutex_);
    EXPECT_TRUE(reports_[0].has_hello());
    for (std::size_t i = 1; i < reports_.size(); ++i) EXPECT_EQ(reports_[i].sequence(), i);
  }
  std::vector<v1::EngineCommand> last{ack(40)};
  last.emplace_back().mutable_release();
  gateway_.send("host-1", std::move(last));
  EXPECT_EQ(wait_for_host(), 0);
}

TEST_F(Gateway, WhatWaitsForAHostComesTogetherAndInOrder) {
  for (std::uint64_t i = 1; i <= 3; ++i) gateway_.send("host-1", {ack(i), ack(10 * i)});
  Played host(socket());
  ASSERT_TRUE(host.stream->Write(hello()));
  v1::EngineCommands commands;
  ASSERT_TRUE(host.stream->Read(&commands));
  ASSERT_THAT(commands.commands(), SizeIs(6));
  EXPECT_EQ(commands.commands(1).ack().sequence(), 10u);
  EXPECT_EQ(commands.commands(4).ack().sequence(), 3u);
  host.context.TryCancel();
}

TEST_F(Gateway, ALongQueueIsCutIntoMessages) {
  std::vector<v1::EngineCommand> commands;
  for (std::uint64_t i = 0; i < 600; ++i) {
    auto& assignment = *commands.emplace_back().mutable_assignment();
    assignment.mutable_attempt()->set_token(i);
    assignment.set_params_json(std::string(10'000, 'x'));
  }
  gateway_.send("host-1", std::move(commands));
  Played host(socket());
  ASSERT_TRUE(host.stream->Write(hello()));
  std::uint64_t token = 0;
  while (token < 600) {
    v1::EngineCommands message;
    ASSERT_TRUE(host.stream->Read(&message));
    for (const auto& command : message.commands())
      EXPECT_EQ(command.assignment().attempt().token(), token++);
  }
  host.context.TryCancel();
}

TEST_F(Gateway, AHostThatAttachesAnewTakesThePlaceOfItsOldStream) {
  Played old(socket());
  ASSERT_TRUE(old.stream->Write(hello()));
  wait_until([&] { return heard() == 1; });
  Played host(socket());
  ASSERT_TRUE(host.stream->Write(hello()));
  wait_until([&] { return heard() == 2; });
  v1::EngineCommands commands;
  EXPECT_FALSE(old.stream->Read(&commands));
  EXPECT_EQ(old.stream->Finish().error_code(), grpc::StatusCode::ABORTED);
  gateway_.send("host-1", {ack(7)});
  ASSERT_TRUE(host.stream->Read(&commands));
  EXPECT_EQ(commands.commands(0).ack().sequence(), 7u);
  host.context.TryCancel();
}

TEST_F(Gateway, WhoDoesNotGreetIsSentAway) {
  Played host(socket());
  v1::HostReports message;
  message.add_reports()->mutable_returned();
  ASSERT_TRUE(host.stream->Write(message));
  v1::EngineCommands commands;
  EXPECT_FALSE(host.stream->Read(&commands));
  EXPECT_EQ(host.stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace cairn::host
