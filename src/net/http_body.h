#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hawser::net {

/// Reads the body of one request: of a known length, or in chunks (RFC 9112, section 7.1). Strict where two
/// implementations could see different ends: chunk sizes are digits and nothing else, lines end in CRLF.
/// Extensions of chunks and trailers are skipped. Sans-I/O.
class HttpBody {
 public:
  /// The caller has checked the length.
  static HttpBody of_length(std::size_t length);
  static HttpBody chunked(std::size_t max_size);

  enum class Progress : std::uint8_t { need_more, complete, malformed, too_large };
  /// Takes bytes of the body from the front. Not to be called after another answer than `need_more`.
  Progress feed(std::string_view& bytes);
  std::string& text() { return text_; }
  const std::string& text() const { return text_; }

 private:
  /// What comes next; `chunk_end` is the CRLF behind the data of a chunk.
  enum class Part : std::uint8_t { data, size, chunk_end, trailer };

  HttpBody(Part first, std::size_t data, std::size_t max_size);
  void take_data(std::string_view& bytes);
  /// `complete` when a whole line stands in `line_`.
  Progress take_line(std::string_view& bytes);
  /// What the line means; `need_more`: it is right and the body goes on.
  Progress end_line();
  Progress begin_chunk();
  Progress skip_trailer();

  Part part_;
  bool in_chunks_;
  std::size_t remaining_;  ///< bytes of data to come
  std::size_t max_size_;
  std::size_t trailer_bytes_ = 0;
  std::string line_;  ///< the current one, without its CRLF once it is whole
  std::string text_;
};

}  // namespace hawser::net
