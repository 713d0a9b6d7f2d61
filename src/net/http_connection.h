#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_reader.h"
#include "net/http_reply.h"
#include "net/tcp_connection.h"

namespace hawser::net {

/// Names one request on its way to its answer; unique in the process.
using ExchangeId = std::uint64_t;

/// A connection that speaks HTTP/1.x: keep-alive, pipelining with answers in order of the requests, read
/// and idle timeouts. Requests go to the functions of endpoint.h as soon as their head is there, answers
/// come back by `respond`, at once or later.
class HttpConnection final : public TcpConnection {
 public:
  HttpConnection(Core& core, Socket socket);

  /// Begins to serve.
  void serve();
  /// Says 503 and ends: the server is full.
  void turn_away();
  /// Goes on with an upgrade whose request was read on another core; `rest` came behind it.
  void serve_upgrade(const HttpHead& head, std::string_view rest);

  /// Answers a request. Ignored when it was answered before or the connection is closing.
  void respond(ExchangeId id, HttpReply reply);
  /// Lines for the answer to this request, whoever makes it.
  void add_headers(ExchangeId id, std::string_view lines);
  /// The request waits in the session `sid`, which is told when the connection is lost first.
  void set_session(ExchangeId id, std::string sid);
  bool is_answered(ExchangeId id) const;
  /// Whether the connection can be given away for this request: no other one is under way.
  bool can_upgrade(ExchangeId id);
  struct Upgrade {
    Socket socket;
    std::string rest;  ///< what the client has sent behind the request
  };
  Upgrade take_for_upgrade();
  using TcpConnection::remote_address;

  std::optional<TimePoint> idle_since() const override;
  void on_stop() override;

 private:
  struct Exchange {
    ExchangeId id = 0;
    HttpFraming framing{};
    std::string headers{};
    std::string sid{};
    bool complete = false;  ///< the request is read to its end
    std::optional<HttpReply> reply{};
  };

  void on_bytes(std::span<char> bytes) override;
  void on_end_of_input() override;
  void on_deadline() override;
  void on_dropped(std::string_view reason) override;

  void consume(std::string_view bytes);
  bool step(std::string_view& bytes);
  bool can_take_requests() const;
  void begin_exchange();
  void complete_exchange();
  void refuse_unreadable(int status);
  void mind_memory();
  void write_answers();
  void write_answer(const Exchange& exchange, bool close);
  void resume_later();
  void update_deadline();
  Exchange* find(ExchangeId id);

  HttpReader reader_;
  std::vector<Exchange> exchanges_;  ///< in order of arrival; answered from the front
  std::string backlog_;              ///< bytes that arrived while too many requests were waiting
  std::string_view unread_;          ///< during `consume`: what is behind the current request
  GaugeShare held_;
  std::optional<TimePoint> read_until_;  ///< later for each byte of a body that has come
  TimePoint rests_since_;                ///< if it rests
  bool consuming_ = false;
  bool resuming_ = false;
};

}  // namespace hawser::net
