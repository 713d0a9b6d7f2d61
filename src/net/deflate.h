#pragma once

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

/// Compressed WebSocket messages (RFC 7692, section 7.2), each standing alone: no context takeover. One of
/// each of these a core serves all its connections. No I/O.
namespace hawser::net {

class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  enum class Outcome : std::uint8_t { done, too_big, corrupt };
  struct Result {
    Outcome outcome = Outcome::done;
    std::string_view data;  ///< valid until the next call
  };
  /// The message in `compressed`. Stops as soon as it is larger than `max_size`, and never holds much more
  /// than that.
  Result inflate(std::string_view compressed, std::size_t max_size);

 private:
  Outcome feed(std::string_view part, std::size_t max_size);
  void grow(std::size_t max_size);

  z_stream stream_{};
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

class Deflater {
 public:
  /// `window_bits`: 9 to 15.
  explicit Deflater(int window_bits);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// The message that consists of `first` and `rest`; null when compressing does not make it smaller.
  SharedBytes deflate(std::string_view first, std::string_view rest);

 private:
  z_stream stream_{};
};

/// What one core needs for all connections that have negotiated the extension; made with the first of them.
class MessageDeflate {
 public:
  Inflater& inflater() { return inflater_; }
  /// The compressed form of `first` and `rest`, which does not change: sockets that follow each other with
  /// the same message share it. Null as above.
  SharedBytes compress(std::string_view first, const SharedBytes& rest, int window_bits);

 private:
  /// Enough for what one turn delivers to one user's sockets, one socket after the other.
  static constexpr std::size_t kRemembered = 32;
  struct Entry {
    std::weak_ptr<const std::string> rest;
    char first = 0;
    int window_bits = 0;
    SharedBytes compressed;
  };
  Deflater& deflater(int window_bits);

  Inflater inflater_;
  std::array<std::unique_ptr<Deflater>, 16> deflaters_;  ///< by window bits, made when needed
  std::array<Entry, kRemembered> entries_;
  std::size_t next_entry_ = 0;
};

}  // namespace hawser::net
