#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <thread>

namespace hawser::cli {

/// A listener on a free loopback port whose connections are handled one after the other on a thread, each
/// by `serve(socket, index)` with blocking calls. The destructor waits until exactly `connections` have come.
class FakeServer {
 public:
  using Serve = std::function<void(boost::asio::ip::tcp::socket socket, int index)>;

  FakeServer(int connections, Serve serve)
      : acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}),
        thread_([this, connections, serve = std::move(serve)] {
          for (int i = 0; i < connections; ++i) {
            boost::system::error_code error;
            auto socket = acceptor_.accept(error);
            if (error) return;
            serve(std::move(socket), i);
          }
        }) {}
  ~FakeServer() { thread_.join(); }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

}  // namespace hawser::cli
