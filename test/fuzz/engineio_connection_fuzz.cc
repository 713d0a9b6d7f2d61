#include "engineio/connection.h"

#include <array>
#include <charconv>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "test/fuzz/choices.h"

namespace {

using namespace hawser::engineio;
using hawser::CloseReason;
using hawser::Millis;
using hawser::TimePoint;
using hawser::fuzz::check;
using hawser::fuzz::Choices;

/// Times between which something happens, in milliseconds.
constexpr std::array<int, 8> kPauses = {1, 50, 100, 1000, 10'000, 25'000, 30'000, 60'000};
/// What sockets say most.
constexpr std::array<std::string_view, 8> kTexts = {"2probe", "5", "3", "4hello", "1", "2", "6", "0{}"};

/// The shell around a session: makes requests and sockets, and keeps account of what they are told.
class Shell {
 public:
  explicit Shell(Choices choices) : choices_(choices), machine_("sid", Settings{}, now_) {}

  void run() {
    open();
    // A budget, so that one input takes bounded time whatever it says.
    for (int steps = 0; steps < 200 && !choices_.at_end(); ++steps) step();
    finish();
  }

 private:
  void open() {
    if (choices_.flag()) {
      sockets_.insert(++last_id_);
      all_sockets_.push_back(last_id_);
      machine_.open_by_websocket(last_id_);
    } else {
      polls_.insert(++last_id_);
      requests_.push_back(last_id_);
      machine_.open_by_poll(last_id_);
    }
    take({});
  }

  void step() {
    switch (choices_.below(14)) {
      case 0: wait(); break;
      case 1: poll(); break;
      case 2: begin_post(); break;
      case 3: post_packet(); break;
      case 4: end_post(one_of(requests_), choices_.below(4) != 0); break;
      case 5: forget_post(); break;
      case 6: abort(one_of(requests_)); break;
      case 7: open_socket(); break;
      case 8: socket_message(); break;
      case 9: close_socket(one_of(all_sockets_)); break;
      case 10:
      case 11: send(); break;
      case 12: machine_.flush(), take({}), check(!machine_.needs_flush(), "nothing is left to flush"); break;
      default: close(); break;
    }
  }

  std::uint64_t one_of(const std::vector<std::uint64_t>& ids) {
    return ids.empty() ? 0 : ids[ids.size() - 1 - choices_.below(ids.size())];
  }

  void wait() {
    const auto choice = choices_.below(kPauses.size() + 1);
    const auto deadline = machine_.next_deadline();
    now_ = choice < kPauses.size() ? now_ + Millis(kPauses[choice]) : deadline.value_or(now_);
    if (choices_.below(4) == 0) return;  // The loop is busy with other things; the timer comes late.
    const bool had_flushed = !machine_.needs_flush();
    machine_.timer(now_);
    take({});
    check(!had_flushed || !machine_.needs_flush(), "a ping does not wait where a poll does");
    check(!machine_.next_deadline() || *machine_.next_deadline() > now_, "a deadline lies ahead");
  }
  void poll() {
    polls_.insert(++last_id_);
    requests_.push_back(last_id_);
    machine_.poll(last_id_, now_, some_nonce());
    take({});
  }
  void begin_post() {
    posts_.insert(++last_id_);
    requests_.push_back(last_id_);
    machine_.begin_post(last_id_, now_, some_nonce());
    take({});
  }
  void post_packet() {
    const auto request = one_of(requests_);
    const auto text = some_text();
    if (const auto packet = decode_text(text)) machine_.post_packet(request, *packet, now_);
    take(text);
  }
  void end_post(RequestId request, bool valid) {
    machine_.end_post(request, valid, now_);
    take({});
    check(!posts_.contains(request) || machine_.is_lingering(),
          "a post is answered at its end, or at the session's");
  }
  void forget_post() {
    const auto request = one_of(requests_);
    machine_.forget_post(request);
    posts_.erase(request);
    take({});
  }
  void abort(RequestId request) {
    polls_.erase(request);
    posts_.erase(request);
    machine_.abort(request);
    take({});
  }
  void open_socket() {
    sockets_.insert(++last_id_);
    all_sockets_.push_back(last_id_);
    machine_.websocket_opened(last_id_, now_);
    take({});
  }
  void socket_message() {
    const auto socket = one_of(all_sockets_);
    const auto text = some_text();
    machine_.websocket_message(socket, text, choices_.below(8) == 0, now_);
    take(text);
  }
  void close_socket(SocketId socket) {
    sockets_.erase(socket);
    machine_.websocket_closed(socket, "transport close");
    take({});
  }
  void send() {
    const bool counts = machine_.is_open();
    machine_.send(hawser::share(std::to_string(sent_ + 1)), choices_.flag());
    sent_ += counts ? 1 : 0;
    take({});
  }
  void close() {
    const auto choice = choices_.below(8);
    if (choice == 7) {
      machine_.abandon();
    } else {
      machine_.close(static_cast<CloseReason>(choice), now_);
    }
    take({});
    check(closed_ && !machine_.is_open(), "what is closed is closed");
  }

  /// Most clients send one, and a browser sometimes sends a request again.
  std::string_view some_nonce() {
    static constexpr std::array<std::string_view, 8> kNonces = {"", "", "", "a", "b", "c", "d", "e"};
    return kNonces[choices_.below(kNonces.size())];
  }
  std::string_view some_text() {
    const auto choice = choices_.below(kTexts.size() + 1);
    return choice < kTexts.size() ? kTexts[choice] : choices_.text();
  }

  /// Does what the machine says and checks that it may say so.
  void take(std::string_view input) {
    std::vector<Action> actions;
    machine_.take_actions(actions);
    for (const auto& action : actions) {
      std::visit([&](const auto& known) { act(known, input); }, action);
    }
    check(machine_.transport().has_value() != forgotten_, "a session is known until it is forgotten");
    check(machine_.is_open() == !closed_, "a session is open until it is closed");
    check(!forgotten_ || (polls_.empty() && sockets_.empty()), "what is forgotten leaves nobody waiting");
  }
  void act(const action::Receive& receive, std::string_view input) const {
    check(!closed_, "nothing is received after the end");
    check(hawser::fuzz::lies_within(receive.data, input), "a message is a view into the input");
  }
  void act(const action::AnswerPoll& answer, std::string_view) {
    check(polls_.erase(answer.request) == 1, "a poll is answered once");
    auto body = answer.payload;
    PayloadReader reader(body);
    std::size_t packets = 0;
    while (const auto packet = reader.next()) {
      ++packets;
      if (packet->type == PacketType::message) deliver(packet->data);
    }
    check(packets > 0 && !reader.failed(), "an answer can be read");
  }
  void act(const action::AnswerPost& answer, std::string_view) {
    check(posts_.erase(answer.request) == 1, "a post is answered once");
  }
  void act(const action::Refuse& refuse, std::string_view) {
    check(polls_.erase(refuse.request) + posts_.erase(refuse.request) == 1, "a request is refused once");
  }
  void act(const action::Write& write, std::string_view) {
    check(sockets_.contains(write.socket) && !forgotten_, "only open sockets are written to");
    if (write.packet.type == PacketType::message) deliver(write.packet.bytes());
  }
  void act(const action::CloseSocket& close, std::string_view) {
    check(sockets_.erase(close.socket) == 1, "a socket is closed once");
  }
  void act(const action::Closed& closed, std::string_view) {
    check(!std::exchange(closed_, true) && !forgotten_, "a session ends once");
    check(!closed.reason.empty(), "an end has a reason");
  }
  void act(const action::Forget&, std::string_view) {
    check(closed_ && !std::exchange(forgotten_, true), "a session is forgotten once, after its end");
  }
  void deliver(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    check(number == delivered_ + 1 && number <= sent_, "messages come in order, each once");
    delivered_ = number;
  }

  void finish() {
    for (const auto request : std::vector(posts_.begin(), posts_.end())) end_post(request, true);
    machine_.flush();
    take({});
    const bool waits = machine_.is_open() && !machine_.needs_flush() && machine_.buffered_bytes() == 0;
    check(!waits || delivered_ == sent_, "what was sent is on its way");
    machine_.abandon();
    take({});
    check(polls_.empty() && posts_.empty() && sockets_.empty(), "nobody is left waiting");
    check(closed_ && forgotten_ && !machine_.next_deadline(), "the end is the end");
    check(machine_.buffered_bytes() == 0, "nothing is kept");
  }

  Choices choices_;
  TimePoint now_{};
  Connection machine_;
  std::uint64_t last_id_ = 0;
  std::vector<std::uint64_t> requests_, all_sockets_;  // of all times
  std::set<std::uint64_t> polls_, posts_, sockets_;    // that wait, that are open
  std::uint64_t sent_ = 0;
  std::uint64_t delivered_ = 0;
  bool closed_ = false;
  bool forgotten_ = false;
};

}  // namespace

/// The protocol of a session against any order of requests, sockets, messages and time.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Shell(Choices(data, size)).run();
  return 0;
}
