// A client as bytes: tests say exactly what goes over the wire, and see exactly what comes back.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/fd.h"
#include "core/base/json.h"
#include "core/http/message.h"

namespace cairn::http {

struct Reply {
  int status = 0;  // 0: the connection ended before a whole answer
  Headers headers;
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const {
    return std::string(headers.find(name).value_or(""));
  }
  [[nodiscard]] json::object json() const {
    auto parsed = parse_json_object(body);
    EXPECT_TRUE(parsed.ok()) << body;
    return parsed.ok() ? *parsed : json::object{};
  }
};

class Client {
 public:
  // Either way of speaking: a test of TLS gives another one (tls_client.h).
  virtual ~Client() = default;
  explicit Client(std::uint16_t port) : Client(port, MayFail{}) {
    EXPECT_TRUE(connected_) << "port " << port;
  }
  // Where it may be that nobody listens: then it gets no answer.
  struct MayFail {};
  Client(std::uint16_t port, MayFail) : port_(port), fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // A test that waits for what never comes fails instead of hanging.
    const timeval patience{30, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    connected_ =
        ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // False when the server does not take it all.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = write(bytes);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  // "GET /path" with Host and further header lines, each with its line end.
  bool ask(const std::string& line, const std::string& headers = {}, const std::string& body = {}) {
    return send(line + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\n" + headers +
                "\r\n" + body);
  }
  bool post(const std::string& path, const std::string& body, const std::string& headers = {}) {
    return ask("POST " + path,
               "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\n" + headers,
               body);
  }
  // The next answer. head_only: to HEAD, whose length is not that of a body.
  Reply reply(bool head_only = false) {
    Reply reply;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return reply;
    }
    const std::string head = take(end + 4);
    const int status = std::atoi(head.substr(head.find(' ') + 1, 3).c_str());
    for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
      const std::size_t stop = head.find("\r\n", at);
      const std::size_t colon = head.find(':', at);
      reply.headers.add(head.substr(at, colon - at), head.substr(colon + 2, stop - colon - 2));
      at = stop + 2;
    }
    if (status == 100) return this->reply(head_only);
    if (!head_only && !read_body(reply)) return reply;
    reply.status = status;
    return reply;
  }
  Reply get(const std::string& path, const std::string& headers = {}) {
    ask("GET " + path, headers);
    return reply();
  }
  // One chunk of a streamed body; empty: the end, or the connection is cut.
  std::string chunk() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!more()) return {};
    }
    const std::size_t size = std::strtoul(take(end + 2).c_str(), nullptr, 16);
    while (buffer_.size() < size + 2) {
      if (!more()) return {};
    }
    return take(size + 2).substr(0, size);
  }
  // Whether something has been read that nobody has taken.
  [[nodiscard]] bool buffered() const { return !buffer_.empty(); }
  // Status and headers of a streamed answer.
  std::string head() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return {};
    }
    return take(end + 4);
  }
  // Whether the server ends the connection, whatever it says before.
  bool ends() {
    while (more()) {
    }
    return ended_;
  }
  [[nodiscard]] int descriptor() const { return fd_.get(); }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  // Gone without a word: a reset.
  void vanish() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }
  void receive_buffer(int bytes) {
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }

 protected:
  // As ::send and ::recv.
  virtual ssize_t write(std::string_view bytes) {
    return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  virtual ssize_t read(char* bytes, std::size_t size) { return ::recv(fd_.get(), bytes, size, 0); }

 private:
  bool more() {
    char bytes[16384];
    const ssize_t count = read(bytes, sizeof bytes);
    if (count > 0) buffer_.append(bytes, static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno == ECONNRESET)) ended_ = true;
    return count > 0;
  }
  std::string take(std::size_t bytes) {
    std::string taken = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return taken;
  }
  bool read_body(Reply& reply) {
    if (reply.header("Transfer-Encoding") == "chunked") {
      for (std::string piece = chunk(); !piece.empty(); piece = chunk()) reply.body += piece;
      return !ended_;
    }
    const std::size_t size = std::strtoul(reply.header("Content-Length").c_str(), nullptr, 10);
    while (buffer_.size() < size) {
      if (!more()) return false;
    }
    reply.body = take(size);
    return true;
  }

  std::uint16_t port_;
  Fd fd_;
  std::string buffer_;
  bool connected_ = false;
  bool ended_ = false;
};

}  // namespace cairn::http
