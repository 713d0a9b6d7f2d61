#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "engineio/packet.h"
#include "test/fuzz/connection/network.h"
#include "test/fuzz/connection/server.h"

namespace hawser::fuzz {

/// All clients of a server: their connections, what their sessions have received, and good manners such as
/// answering pings.
class Clients final : public PeerEvents {
 public:
  /// `cuts`: cut what is sent where that must not matter.
  Clients(Server& server, std::uint32_t seed, bool cuts) : server_(server), seed_(seed), cuts_(cuts) {}

  struct Session {
    std::string token;  ///< in the query that opened it
    std::string sid;    ///< empty until the server has told it
    std::vector<std::string> received;
    bool is_certain = true;  ///< nobody else reads its messages, and none is lost on the way
  };

  Network& network() { return network_; }
  /// What it sends from now on is no client's language.
  void be_strange(Peer& peer) {
    doubt_sessions_of(peer);
    peer.be_strange();
  }
  /// Returns the session whose poll was waiting there for its answer (and not for that of an earlier
  /// question).
  std::optional<std::size_t> hang_up(Peer& peer) {
    std::optional<std::size_t> polled;
    if (peer.is_open() && !peer.is_deaf && !peer.is_strange() && !peer.waiting().empty()) {
      const auto& question = peer.waiting().front();
      const bool is_known = question.kind == Question::Kind::poll && question.session < sessions_.size() &&
                            !sessions_[question.session].sid.empty();
      if (is_known) polled = question.session;
    }
    // What it was told and has not read is lost.
    if (peer.is_deaf) doubt_sessions_of(peer);
    peer.close();
    return polled;
  }

  // --- Sessions ---

  std::vector<Session>& sessions() { return sessions_; }
  std::string target(std::string_view transport, std::size_t session) const {
    const auto known = session < sessions_.size() && !sessions_[session].sid.empty();
    return fmt::format("/socket.io/?EIO=4&transport={}&sid={}", transport,
                       known ? sessions_[session].sid : "AAnobodysnobodysnobo");
  }
  void open_by_poll(Peer& peer, std::string token) {
    const auto session = new_session(std::move(token));
    ask(peer, {Question::Kind::open, session},
        http_request("GET", "/socket.io/?EIO=4&transport=polling&token=" + sessions_[session].token));
  }
  void open_by_websocket(Peer& peer, std::string token) {
    const auto session = new_session(std::move(token));
    ask(peer, {Question::Kind::upgrade, session},
        http_request("GET", "/socket.io/?EIO=4&transport=websocket&token=" + sessions_[session].token,
                     kUpgrade));
  }
  void poll(Peer& peer, std::size_t session) {
    ask(peer, {Question::Kind::poll, session}, http_request("GET", target("polling", session)));
  }
  /// The last `held` bytes of the body wait for Peer::write_rest.
  void post(Peer& peer, std::size_t session, std::string_view body, std::size_t held = 0) {
    auto request = http_request("POST", target("polling", session), {}, body);
    held = std::min(held, body.size());
    const auto rest = request.substr(request.size() - held);
    request.resize(request.size() - held);
    ask(peer, {Question::Kind::post, session}, request);
    peer.rest = rest;
  }
  /// `first_words`, a probe, are sent right behind the request.
  void upgrade(Peer& peer, std::size_t session, std::string_view first_words) {
    auto request = http_request("GET", target("websocket", session), kUpgrade);
    const auto head = request.size();
    // Behind another request it cannot become a WebSocket, and frames would be read as a request.
    if (!first_words.empty() && peer.waiting().empty()) {
      request += masked_frame(0x81, first_words);
      peer.has_probed = true;
    }
    ask(peer, {Question::Kind::upgrade, session}, request, head);
  }
  void say(Peer& peer, std::string_view text, bool binary) {
    const unsigned opcode = binary ? 2 : 1;
    if (cuts_ && text.size() > 1) {
      const auto half = 1 + next_cut() % (text.size() - 1);
      write(peer, masked_frame(opcode, text.substr(0, half)) + masked_frame(0x80, text.substr(half)));
    } else {
      write(peer, masked_frame(0x80U | opcode, text));
    }
  }

  /// Not all of a session's messages are to be expected when a connection that spoke for it has lost its
  /// thread, or when the answer to its poll stands behind one that is still to come.
  void note_doubts() {
    for (const auto& peer : network_.peers()) {
      if (peer->is_strange()) doubt_sessions_of(*peer);
      for (std::size_t i = 1; i < peer->waiting().size(); ++i) doubt(peer->waiting()[i].session);
    }
  }
  void check_probes() const {
    for (const auto& peer : network_.peers()) {
      const bool serves =
          peer->is_open() && peer->is_websocket() && !peer->is_strange() && !peer->has_heard_last();
      check(!serves || !peer->has_probed, "a probe that came with the request is answered");
    }
  }
  /// Everything goes on until nobody has anything to say.
  void settle() {
    for (int turns = 0; turns < 1000; ++turns) {
      server_.run();
      // More can only follow when so much came that the server had to wait for the network.
      if (network_.read_all() < Network::kSmallestBuffer && manners_.empty()) return;
      while (!manners_.empty()) std::exchange(manners_.front(), {})(), manners_.pop_front();
    }
    check(false, "everything comes to rest");
  }

  bool answers_pings = true;
  bool completes_upgrades = true;
  std::vector<std::string> jobs;  ///< ids that the server has told

 private:
  static constexpr std::string_view kUpgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

  std::size_t new_session(std::string token) {
    sessions_.push_back({.token = std::move(token), .sid = {}, .received = {}});
    return sessions_.size() - 1;
  }
  void ask(Peer& peer, Question question, std::string_view bytes) {
    ask(peer, question, bytes, bytes.find("\r\n\r\n") + 4);
  }
  /// The head may be cut anywhere before its end; a body may not, as a request that is refused before its end
  /// ends the connection.
  void ask(Peer& peer, Question question, std::string_view bytes, std::size_t head) {
    peer.ask(question, {});
    write_cut(peer, bytes, head - 1);
  }
  void write(Peer& peer, std::string_view frame) { write_cut(peer, frame, frame.size() - 1); }
  void write_cut(Peer& peer, std::string_view bytes, std::size_t before) {
    for (int cuts = cuts_ ? 2 : 0; cuts > 0; --cuts) {
      const auto size = next_cut() % (before + 1);
      peer.write(bytes.substr(0, size));
      bytes.remove_prefix(size);
      before -= size;
      server_.run();
    }
    peer.write(bytes);
  }
  std::uint32_t next_cut() { return seed_ = seed_ * 1664525U + 1013904223U; }

  void doubt(std::size_t session) {
    if (session < sessions_.size()) sessions_[session].is_certain = false;
  }
  void doubt_sessions_of(const Peer& peer) {
    if (peer.is_websocket()) doubt(peer.session());
    for (const auto& question : peer.waiting()) doubt(question.session);
  }

  // --- PeerEvents ---

  void on_response(const Question& question, const Response& response) override {
    const bool reads = question.kind == Question::Kind::open || question.kind == Question::Kind::poll;
    if (response.status == 200 && question.kind == Question::Kind::post)
      check(response.body == "ok", "a post is ok");
    if (response.status != 200 || !reads) return;
    auto body = response.body;
    engineio::PayloadReader reader(body);
    std::size_t packets = 0;
    while (const auto packet = reader.next()) {
      ++packets;
      if (packet->binary) {
        receive(question.session, packet->data);
      } else {
        on_text(question.session, packet->type, packet->data, nullptr);
      }
    }
    check(packets > 0 && !reader.failed(), "an answer can be read");
  }
  void on_packet(Peer& peer, std::string_view bytes, bool binary) override {
    if (binary) return receive(peer.session(), bytes);
    const auto packet = engineio::decode_text(bytes);
    check(packet.has_value(), "a server sends packets");
    on_text(peer.session(), packet->type, packet->data, &peer);
  }
  /// `socket` is null when it came with a poll.
  void on_text(std::size_t session, engineio::PacketType type, std::string_view data, Peer* socket) {
    using engineio::PacketType;
    switch (type) {
      case PacketType::open:
        sessions_[session].sid = json::View(data).find("sid")->as_string().value();
        break;
      case PacketType::message: receive(session, data); break;
      case PacketType::ping:
        if (answers_pings) manners_.emplace_back([this, session, socket] { answer_ping(session, socket); });
        break;
      case PacketType::pong:
        check(socket != nullptr && data == "probe", "a pong answers a probe");
        socket->has_probed = false;
        if (completes_upgrades) manners_.emplace_back([this, socket] { say(*socket, "5", false); });
        break;
      case PacketType::close:
      case PacketType::noop: check(socket == nullptr, "only a poll is told to go on or to end"); break;
      case PacketType::upgrade: check(false, "a server upgrades nobody");
    }
  }
  void answer_ping(std::size_t session, Peer* socket) {
    if (socket != nullptr) {
      say(*socket, "3", false);
    } else {
      post(network_.idle_peer(), session, "3");
    }
  }
  void receive(std::size_t session, std::string_view message) {
    sessions_[session].received.emplace_back(message);
    constexpr std::string_view kName = "\"jobId\":\"";
    const auto at = message.find(kName);
    if (at == std::string_view::npos) return;
    auto id = std::string(message.substr(at + kName.size(), 36));
    if (std::find(jobs.begin(), jobs.end(), id) == jobs.end() && jobs.size() < 8)
      jobs.push_back(std::move(id));
  }

  Server& server_;
  std::uint32_t seed_;
  bool cuts_;
  std::vector<Session> sessions_;
  std::deque<std::function<void()>> manners_;
  Network network_{server_, *this};
};

}  // namespace hawser::fuzz
