#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>
#include <string>
#include <utility>

#include "test/fuzz/connection/trace.h"
#include "test/fuzz/connection/wire.h"

namespace hawser::fuzz {

/// What a request is for; `session` is an index of the client's sessions.
struct Question {
  enum class Kind { open, poll, post, upgrade, other };
  Kind kind = Kind::other;
  std::size_t session = 0;
};

class Peer;

/// Who is told what a peer reads.
class PeerEvents {
 public:
  virtual ~PeerEvents() = default;
  virtual void on_response(const Question& question, const Response& response) = 0;
  /// A message of a WebSocket; `binary` ones have no type character.
  virtual void on_packet(Peer& peer, std::string_view packet, bool binary) = 0;
};

/// The client's end of one TCP connection. Reads whatever comes and checks that each of its questions has one
/// answer, in order, and that nothing comes behind the last word.
class Peer {
 public:
  Peer(int descriptor, PeerEvents& events) : descriptor_(descriptor), events_(events) {}
  ~Peer() { close(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool is_open() const { return descriptor_ >= 0 && !ended_; }
  bool is_websocket() const { return websocket_; }
  std::size_t session() const { return session_; }
  bool has_heard_last() const { return said_last_; }
  /// Questions without an answer.
  const std::deque<Question>& waiting() const { return questions_; }
  const std::string& transcript() const { return transcript_; }

  void ask(Question question, std::string_view bytes) {
    questions_.push_back(question);
    asked_deaf_ = asked_deaf_ || is_deaf;
    write(bytes);
  }
  /// The rest of a request that was begun.
  void write_rest() { write(std::exchange(rest, {})); }
  void write(std::string_view bytes) {
    if (!is_open() || shut_ || bytes.empty()) return;
    trace(name() + " <-", bytes);
    const auto count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // Bytes that did not fit are lost, so that nobody knows any more what was asked.
    if (count < 0 || static_cast<std::size_t>(count) < bytes.size()) is_stranger_ = true;
  }
  /// From here on this peer says what no client of ours says: its answers are not understood.
  void be_strange() { is_stranger_ = true; }
  bool is_strange() const { return is_stranger_; }

  void shut_down_sending() {
    if (std::exchange(shut_, true) || descriptor_ < 0) return;
    trace(name(), "says no more");
    ::shutdown(descriptor_, SHUT_WR);
  }
  void close() {
    if (descriptor_ >= 0) trace(name(), "hangs up");
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

  bool wants_to_read() const { return is_open() && !is_deaf; }
  int descriptor() const { return descriptor_; }
  /// Reads some of what is there; returns how much.
  std::size_t read() {
    std::array<char, 16 * 1024> bytes;
    const auto count = ::recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    trace(name() + " ->",
          count <= 0 ? "end" : std::string_view(bytes.data(), static_cast<std::size_t>(count)));
    if (count <= 0) {
      end();
      return 0;
    }
    const std::string_view read(bytes.data(), static_cast<std::size_t>(count));
    transcript_ += read;
    take(read);
    return read.size();
  }

  std::string rest;          ///< of a request that was begun
  bool has_probed = false;   ///< and has no answer yet
  bool is_deaf = false;      ///< reads nothing
  bool was_stalled = false;  ///< was deaf for so long that the server may have given up

 private:
  std::string name() const { return "peer " + std::to_string(descriptor_); }
  void take(std::string_view bytes) {
    check(!said_last_, "nothing comes behind the last word");
    if (is_stranger_) return;
    unread_ += bytes;
    while (!websocket_) {
      const auto response = take_response(unread_);
      if (!response) break;
      take(*response);
    }
    while (websocket_) {
      const auto frame = take_frame(unread_);
      if (!frame) break;
      take(*frame);
    }
    check(!said_last_ || unread_.empty(), "nothing comes behind the last word");
  }
  void take(const Response& response) {
    if (response.status == 100) return;
    // A request that never came whole may be answered too, once, with the end of the connection.
    const bool unasked = questions_.empty();
    check(!unasked || (response.close && response.status >= 400), "an answer has a question");
    said_last_ = response.close;
    if (unasked) return;
    const auto question = questions_.front();
    questions_.pop_front();
    if (response.status == 101) {
      check(question.kind == Question::Kind::upgrade, "only who asks becomes a WebSocket");
      websocket_ = true;
      session_ = question.session;
    }
    events_.on_response(question, response);
  }
  void take(const Frame& frame) {
    check(!said_last_, "nothing comes behind the last word");
    switch (frame.opcode) {
      case 1: events_.on_packet(*this, frame.payload, false); break;
      case 2: events_.on_packet(*this, frame.payload, true); break;
      case 8: said_last_ = true; break;
      case 10: break;
      default: check(false, "a server sends text, bytes, pongs and a farewell");
    }
  }
  void end() {
    ended_ = true;
    const bool at_fault = is_stranger_ || shut_ || was_stalled || asked_deaf_ || !rest.empty();
    const bool may_end = at_fault || said_last_ || questions_.empty();
    check(may_end, "a question is answered before the end");
  }

  int descriptor_;
  PeerEvents& events_;
  std::deque<Question> questions_;
  std::string unread_;
  std::string transcript_;  ///< all that was read
  bool websocket_ = false;
  std::size_t session_ = 0;
  bool is_stranger_ = false;
  bool shut_ = false;
  bool asked_deaf_ = false;  ///< asked when it could not hear that the server had closed
  bool said_last_ = false;   ///< `Connection: close` or a close frame has come
  bool ended_ = false;
};

}  // namespace hawser::fuzz
