#include "worker/exec_output.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/utf8.h"

namespace hawser::worker {

std::size_t unfinished_utf8(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(3, text.size()); ++length) {
    const std::string tail(text.substr(text.size() - length));
    // The second byte of some sequences must be low and of others high, so both ways to go on are tried.
    for (const auto* more : {"\x80\x80\x80", "\xbf\xbf\xbf"}) {
      if (utf8::sequence_length(tail + more) > length) return length;
    }
  }
  return 0;
}

std::optional<std::string> ExecOutput::add(Stream stream, std::string_view bytes, TimePoint now) {
  auto text = std::exchange(rest(stream), {});
  text += bytes;
  const auto complete = text.size() - unfinished_utf8(text);
  rest(stream) = text.substr(complete);
  return append(stream, std::string_view(text).substr(0, complete), now);
}

std::optional<std::string> ExecOutput::end(Stream stream, TimePoint now) {
  return append(stream, std::exchange(rest(stream), {}), now);
}

std::optional<std::string> ExecOutput::append(Stream stream, std::string_view text, TimePoint now) {
  if (text.empty()) return std::nullopt;
  auto other = stream == stream_ ? std::nullopt : take();
  stream_ = stream;
  text_ += text;
  if (!due_) due_ = now + kMaxDelay;
  if (text_.size() >= kMaxBytes) due_ = now;
  return other;
}

std::optional<std::string> ExecOutput::take() {
  if (text_.empty()) return std::nullopt;
  due_.reset();
  const auto text = std::exchange(text_, {});
  return json::Object().add("stream", stream_ == Stream::out ? "stdout" : "stderr").add("text", text).str();
}

}  // namespace hawser::worker
