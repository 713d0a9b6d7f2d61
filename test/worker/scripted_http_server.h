#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace hawser::worker {

/// An HTTP server on a free loopback port that answers connections one after the other as a test says.
class ScriptedHttpServer {
 public:
  /// One accepted connection whose request has been read.
  class Peer {
   public:
    Peer(int fd, std::string request) : fd_(fd), request_(std::move(request)) {}
    const std::string& request() const { return request_; }
    void send(std::string_view bytes) const;
    /// Blocks until the client has closed its side; false after 20 s.
    bool wait_for_close() const;
    /// Ends the connection with a reset.
    void reset() const;

   private:
    int fd_;
    std::string request_;
  };
  using Script = std::function<void(Peer&)>;

  explicit ScriptedHttpServer(Script script);
  ~ScriptedHttpServer();
  ScriptedHttpServer(const ScriptedHttpServer&) = delete;
  ScriptedHttpServer& operator=(const ScriptedHttpServer&) = delete;

  std::string url() const;

 private:
  void serve();

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace hawser::worker
