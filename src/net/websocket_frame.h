#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/limits.h"

/// The frames of RFC 6455 as a server reads and writes them, with the messages of RFC 7692. Sans-I/O.
namespace hawser::net {

class Inflater;

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Close codes of RFC 6455, section 7.4.1.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  protocol_error = 1002,
  no_status = 1005,  ///< a close frame without a code; never sent
  invalid_data = 1007,
  policy_violation = 1008,
  too_big = 1009,
  try_again_later = 1013
};

inline constexpr std::size_t kMaxFrameHeader = 10;

/// Writes the header of an unfragmented, unmasked frame; returns its size. `compressed`: its payload is a
/// message of permessage-deflate.
std::size_t encode_frame_header(std::span<char, kMaxFrameHeader> out, Opcode opcode, std::size_t payload_size,
                                bool compressed = false);
/// Bytes of a close frame's reason (RFC 6455, section 5.5, less the code).
inline constexpr std::size_t kMaxCloseReason = 123;
/// A whole close frame. `reason` is UTF-8 of at most kMaxCloseReason bytes.
std::string encode_close(std::uint16_t code, std::string_view reason);

struct FrameEvent {
  enum class Kind : std::uint8_t {
    none,  ///< all input is consumed, the next event is not complete
    text,
    binary,
    ping,
    pong,
    close,  ///< `code` is the peer's
    error   ///< close the connection with `code`; the reader takes no more
  };
  Kind kind = Kind::none;
  std::string_view data;
  std::uint16_t code = 0;
};

/// Reads client frames incrementally, joins fragments and inflates what is compressed. Limits are decided on
/// a frame's header, before its body is kept; memory grows only with bytes that arrived.
class FrameReader {
 public:
  explicit FrameReader(std::size_t max_message, std::size_t max_fragments = limits::kMaxFragments)
      : max_message_(max_message), max_fragments_(max_fragments) {}

  /// permessage-deflate was negotiated: messages may be compressed, and are inflated up to the same limit.
  /// `inflater` must outlive this; it may serve other readers too.
  void inflate_with(Inflater& inflater) { inflater_ = &inflater; }

  /// Takes bytes from the front of `input` up to the end of one event; bytes are unmasked in place. The
  /// event's data is valid until the next call and as long as `input`'s bytes and the inflater's.
  FrameEvent next(std::span<char>& input);
  /// Bytes of a frame or fragments of a message have come whose end has not.
  bool is_within_message() const;
  /// Only ever raised.
  void set_max_message(std::size_t bytes) { max_message_ = bytes; }
  /// What is kept of a message that is not complete.
  std::size_t buffered_bytes() const { return message_.size(); }

 private:
  bool read_header(std::span<char>& input);
  std::uint16_t check_first_bytes() const;
  std::uint16_t start_frame();
  std::size_t header_size() const;
  FrameEvent read_payload(std::span<char>& input);
  FrameEvent finish_control();
  FrameEvent finish_message(std::string_view data);
  void release_message();
  std::size_t size_limit() const;

  bool is_final() const { return (header_[0] & 0x80U) != 0; }
  Opcode opcode() const { return static_cast<Opcode>(header_[0] & 0x0fU); }
  bool is_control() const { return (header_[0] & 0x08U) != 0; }

  std::size_t max_message_;
  std::size_t max_fragments_;
  std::array<std::uint8_t, 14> header_{};
  std::size_t header_filled_ = 0;
  bool in_payload_ = false;
  std::array<std::uint8_t, 4> mask_{};
  std::size_t mask_offset_ = 0;
  std::size_t remaining_ = 0;
  std::array<char, 125> control_{};
  std::size_t control_filled_ = 0;
  Opcode message_opcode_ = Opcode::continuation;  ///< `continuation`: no message has begun
  std::string message_;
  std::size_t fragments_ = 0;
  Inflater* inflater_ = nullptr;
  bool compressed_ = false;  ///< the message that has begun is
  bool delivered_ = false;   ///< `message_` was handed out and may go
};

}  // namespace hawser::net
