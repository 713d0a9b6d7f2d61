#include "remote/socket_protocol.h"

#include <map>
#include <string>

#include "base/json.h"
#include "socketio/packet.h"
#include "test/fuzz/choices.h"

namespace {

using hawser::Millis;
using hawser::Result;
using hawser::fuzz::check;
using hawser::fuzz::Choices;
using hawser::remote::SocketProtocol;

/// Our client against a server that may say anything.
class Client {
 public:
  void run(Choices choices) {
    while (!choices.at_end()) {
      switch (choices.below(8)) {
        case 0: request(); break;
        case 1: protocol_.expire(choices.byte()); break;
        default:
          if (!protocol_.receive(choices.text())) return end();
      }
    }
    end();
  }

 private:
  void request() {
    if (!protocol_.is_connected()) return;
    const auto number = asked_++;
    protocol_.request("start:job", "{}", [this, number](const Result<std::string>& answer) {
      check(++answers_[number] == 1, "a request has one answer");
      check(!answer || hawser::json::validate(*answer).has_value(), "an answer is JSON");
    });
  }
  void end() {
    protocol_.abandon();
    check(!protocol_.is_connected() && answers_.size() == asked_, "every request is answered in the end");
  }
  static void on_sent(const std::string& text) {
    if (text == "3") return;
    check(text.starts_with('4') && hawser::socketio::decode(std::string_view(text).substr(1)).has_value(),
          "a client says what can be read");
  }

  std::size_t asked_ = 0;
  std::map<std::size_t, int> answers_;
  SocketProtocol protocol_{
      "token",
      {.send = [](const std::string& text) { on_sent(text); },
       .on_open = [](Millis limit) { check(limit > Millis(0), "a silence limit is one"); },
       .on_connected = [] {},
       .on_event =
           [](std::string_view, std::string_view body) {
             check(hawser::json::validate(body).has_value(), "an argument is JSON");
           }}};
};

}  // namespace

/// The input is a list of messages, with requests and timeouts of the client between them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Client().run(Choices(data, size));
  (void)hawser::remote::error_in(hawser::fuzz::text_of(data, size));
  return 0;
}
