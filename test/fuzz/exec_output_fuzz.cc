#include "worker/exec_output.h"

#include <array>
#include <string>
#include <vector>

#include "base/json.h"
#include "test/fuzz/choices.h"

namespace {

using hawser::TimePoint;
using hawser::fuzz::check;
using hawser::fuzz::Choices;
using hawser::worker::ExecOutput;
namespace json = hawser::json;
using Stream = ExecOutput::Stream;

/// The texts of both streams, put together from chunks.
class Collected {
 public:
  void add(const std::optional<std::string>& chunk) {
    if (!chunk) return;
    const auto object = json::validate(*chunk);
    check(object && object->is(json::Kind::object), "a chunk is an object");
    const auto text = *object->find("text")->as_string();
    check(!text.empty(), "a chunk has text");
    texts_[object->find("stream")->as_string() == "stderr" ? 1 : 0] += text;
  }
  const std::string& of(Stream stream) const { return texts_[stream == Stream::err ? 1 : 0]; }

 private:
  std::array<std::string, 2> texts_;
};

/// What a reader of the bytes sees: U+FFFD for what is not UTF-8.
std::string readable(std::string_view bytes) {
  const auto quoted = json::quoted(bytes);
  return *json::validate(quoted)->as_string();
}

}  // namespace

/// Whatever a command prints and however it is cut, no character is lost or torn apart.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  ExecOutput output;
  Collected collected;
  std::array<std::string, 2> printed;
  TimePoint now{};
  while (!choices.at_end()) {
    const auto stream = choices.flag() ? Stream::err : Stream::out;
    const auto bytes = choices.text();
    printed[stream == Stream::err ? 1 : 0] += bytes;
    collected.add(output.add(stream, bytes, now));
    check(!output.due() || *output.due() <= now + ExecOutput::kMaxDelay, "text waits a moment at most");
    now += hawser::Millis(choices.below(100));
    if (output.due() && *output.due() <= now) collected.add(output.take());
  }
  for (const auto stream : {Stream::out, Stream::err}) collected.add(output.end(stream, now));
  collected.add(output.take());
  check(!output.take() && !output.due(), "nothing is left");
  check(collected.of(Stream::out) == readable(printed[0]), "the output is whole");
  check(collected.of(Stream::err) == readable(printed[1]), "the error output is whole");
  return 0;
}
