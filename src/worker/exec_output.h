#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/time.h"

namespace hawser::worker {

/// Length of the end of `text` that is the beginning of a UTF-8 sequence which more bytes may complete.
std::size_t unfinished_utf8(std::string_view text);

/// Gathers what a command prints into chunks: about kMaxBytes, or what came within kMaxDelay, never mixing
/// the two streams and never cutting a character. Pure: bytes and time come in, chunks (JSON) come out.
class ExecOutput {
 public:
  enum class Stream { out, err };
  static constexpr std::size_t kMaxBytes = 16 * limits::kKiB;
  static constexpr Duration kMaxDelay = Millis(50);

  /// Takes what was read. Answers a chunk when text of the other stream has to go out first.
  std::optional<std::string> add(Stream stream, std::string_view bytes, TimePoint now);
  /// The stream has ended: what is left of an unfinished character becomes U+FFFD. Answers as `add`.
  std::optional<std::string> end(Stream stream, TimePoint now);
  /// When `take` is to be called; nothing while there is no text.
  std::optional<TimePoint> due() const { return due_; }
  /// The text gathered so far as one chunk.
  std::optional<std::string> take();

 private:
  std::string& rest(Stream stream) { return rests_[stream == Stream::err ? 1 : 0]; }
  std::optional<std::string> append(Stream stream, std::string_view text, TimePoint now);

  Stream stream_ = Stream::out;  ///< of what is in `text_`
  std::string text_;
  std::string rests_[2];  ///< unfinished characters
  std::optional<TimePoint> due_;
};

}  // namespace hawser::worker
