#include "socketio/connection.h"

#include <string>
#include <variant>

#include "base/limits.h"
#include "test/fuzz/choices.h"

namespace {

using namespace hawser::socketio;
using hawser::TimePoint;
using hawser::fuzz::check;
using hawser::fuzz::Choices;

/// The rules of wire.md 2.2 in the plainest form: what a message is to lead to.
class Model {
 public:
  enum class Expected { nothing, reply, ask, receive, leave, violation };
  enum class State { absent, asked, connected };

  Expected on_message(std::string_view message, bool binary) {
    if (binary) return on_binary(message);
    if (due_ > 0) return Expected::violation;
    const auto packet = decode(message);
    if (!packet || packet->type == PacketType::connect_error) return Expected::violation;
    const bool is_ours = packet->nsp == kDefaultNamespace;
    if (packet->type == PacketType::connect) {
      if (!is_ours) return Expected::reply;
      return state == State::absent ? Expected::ask : Expected::violation;
    }
    if (!is_ours || state != State::connected) return Expected::violation;
    if (packet->type == PacketType::disconnect) return Expected::leave;
    due_ = packet->attachments;
    bytes_ = 0;
    return due_ > 0 ? Expected::nothing : Expected::receive;
  }

  State state = State::absent;

 private:
  Expected on_binary(std::string_view message) {
    bytes_ += message.size();
    if (due_ == 0 || bytes_ > hawser::limits::kMaxAttachmentBytes) return Expected::violation;
    return --due_ == 0 ? Expected::receive : Expected::nothing;
  }

  std::size_t due_ = 0;
  std::size_t bytes_ = 0;
};

class Session {
 public:
  explicit Session(Choices choices) : choices_(choices) {}

  void run() {
    while (!choices_.at_end() && !broken_) {
      switch (choices_.below(8)) {
        case 0: answer(); break;
        case 1: leave(); break;
        default: {
          const bool binary = choices_.below(4) == 0;
          receive(choices_.text(), binary);
        }
      }
      check(machine_.is_connected("/") == (model_.state == Model::State::connected),
            "who is connected is known");
      check(machine_.deadline().has_value() == !accepted_, "the deadline ends with the first acceptance");
    }
  }

 private:
  void receive(std::string_view message, bool binary) {
    const auto expected = model_.on_message(message, binary);
    const auto action = machine_.on_message(message, binary);
    check(static_cast<std::size_t>(expected) == action.index(), "a message leads to what the rules say");
    std::visit([this, message](const auto& known) { this->act(known, message); }, action);
  }
  void answer() {
    if (model_.state != Model::State::asked) return;
    const bool accepts = choices_.flag();
    const auto text = accepts ? machine_.accept("/", "sid") : machine_.refuse("/", "no", {});
    check(decode(text).has_value(), "an answer can be read");
    model_.state = accepts ? Model::State::connected : Model::State::absent;
    accepted_ = accepted_ || accepts;
  }
  void leave() {
    if (model_.state != Model::State::connected) return;
    check(machine_.leave("/") == "1", "a server says that it ends a namespace");
    model_.state = Model::State::absent;
  }

  void act(const Nothing&, std::string_view) {}
  static void act(const Reply& reply, std::string_view) {
    const auto packet = decode(reply.text);
    check(packet && packet->type == PacketType::connect_error, "a machine only refuses by itself");
  }
  void act(const ConnectRequest& request, std::string_view message) {
    check(request.nsp == "/" && hawser::fuzz::lies_within(request.auth, message),
          "the credentials are a slice");
    model_.state = Model::State::asked;
  }
  static void act(const Received& received, std::string_view) {
    check(received.attachments.size() == received.packet.attachments, "attachments are complete");
    check(hawser::json::validate(received.packet.payload).has_value(), "the payload is there");
  }
  void act(const Left& left, std::string_view) {
    check(left.nsp == "/", "only what is connected is left");
    model_.state = Model::State::absent;
  }
  void act(const Violation& violation, std::string_view) {
    check(!violation.message.empty(), "a violation says which");
    broken_ = true;
  }

  Choices choices_;
  Model model_;
  Connection machine_{{"/"}, TimePoint{}};
  bool accepted_ = false;
  bool broken_ = false;
};

}  // namespace

/// The rules of a Socket.IO connection against any order of messages.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Session(Choices(data, size)).run();
  return 0;
}
