#include "worker/chat_stream.h"

#include <string>
#include <vector>

#include "base/json.h"
#include "base/utf8.h"
#include "test/fuzz/choices.h"

namespace {

using namespace hawser::worker;
using hawser::fuzz::check;
using hawser::fuzz::Choices;
using hawser::fuzz::Cutter;
namespace json = hawser::json;

struct Seen {
  std::vector<std::string> deltas;
  std::string result;
  std::string error;
  bool complete = false;

  bool operator==(const Seen&) const = default;
};

/// What is made of an endpoint's answer that arrives in these pieces; it is read to its end or to an error.
Seen read(Cutter pieces) {
  ChatStream stream;
  Seen seen;
  while (!pieces.done() && !stream.done()) {
    const auto status = stream.feed(pieces.next(), seen.deltas);
    if (status) continue;
    seen.error = status.error().message;
    break;
  }
  seen.complete = stream.complete();
  seen.result = stream.result("model");
  return seen;
}

void check_seen(const Seen& seen) {
  for (const auto& delta : seen.deltas) {
    const auto value = json::validate(delta);
    check(value && value->is(json::Kind::string), "a delta is a JSON string");
  }
  check(json::validate(seen.result).has_value(), "a result is JSON");
  check(hawser::utf8::is_valid(seen.result), "a result is text");
}

std::string events_of(Cutter pieces) {
  SseParser parser;
  std::vector<SseEvent> events;
  while (!pieces.done())
    check(parser.feed(pieces.next(), events).has_value(), "a small event is not too large");
  std::string text;
  for (const auto& event : events) {
    check(event.type.find_first_of("\r\n") == std::string::npos, "a type stands on one line");
    check(event.data.find('\r') == std::string::npos, "data holds no carriage return");
    text += event.type + '\0' + event.data + '\0';
  }
  return text;
}

}  // namespace

/// However a model endpoint cuts its answer, the text is the same. In front of the bytes stand the cuts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  const auto cuts = choices.take(choices.byte() % 16U);
  const Choices sizes(reinterpret_cast<const std::uint8_t*>(cuts.data()), cuts.size());
  const auto bytes = choices.rest();
  const Cutter whole(bytes, Choices(nullptr, 0));
  const Cutter cut(bytes, sizes);
  const auto seen = read(whole);
  check_seen(seen);
  check(read(cut) == seen, "cuts change no answer");
  check(events_of(cut) == events_of(whole), "cuts change no event");
  check(upstream_message(bytes).size() <= 500, "a message of the endpoint is short");
  return 0;
}
