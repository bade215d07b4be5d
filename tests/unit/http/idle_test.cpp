// What streams cost that nobody writes to.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/http/certificate.h"
#include "tests/unit/http/fixture.h"
#include "tests/unit/http/tls_client.h"

namespace cairn::http {
namespace {

constexpr std::size_t kClients = 1000;
// Sanitizers keep more beside each block than is in it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kMostEach = 400'000;
#else
constexpr std::size_t kMostEach = 100'000;
#endif

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

class IdleTest : public ServerTest {
 protected:
  // Two processes would share less: here the clients' own memory counts, too.
  template <typename AnyClient>
  std::size_t bytes_of_each(ServerOptions options) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    EXPECT_GT(files.rlim_cur, 2 * kClients + 100) << "two descriptors for each client";
    options.limits.streams_per_client = kClients;
    serve(std::move(options));
    ::malloc_trim(0);
    const std::size_t before = resident_bytes();
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<std::shared_ptr<Stream>> streams;
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.push_back(std::make_unique<AnyClient>(port()));
      clients.back()->ask("GET /stream", "Accept: text/event-stream\r\nUser-Agent: a browser\r\n");
      streams.push_back(streams_.take());
      clients.back()->head();
    }
    EXPECT_EQ(server_->counts().streams, kClients);
    const std::size_t taken = resident_bytes() - before;
    for (const auto& stream : streams) stream->close();
    return taken / kClients;
  }
};

TEST_F(IdleTest, AThousandIdleStreamsCostLittle) {
  const std::size_t each = bytes_of_each<Client>({});
  RecordProperty("bytes_of_each", std::to_string(each));
  EXPECT_LT(each, kMostEach);
}

TEST_F(IdleTest, AThousandIdleStreamsInTlsCostLittle) {
  const fs::path folder = make_private_folder(fs::temp_directory_path(), "cairn-idle-").value();
  ServerOptions options;
  options.tls = make_certificate(folder);
  const std::size_t each = bytes_of_each<TlsClient>(options);
  RecordProperty("bytes_of_each", std::to_string(each));
  EXPECT_LT(each, 2 * kMostEach) << "with the client's half of it";
  fs::remove_all(folder);
}

}  // namespace
}  // namespace cairn::http
