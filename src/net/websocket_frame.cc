#include "net/websocket_frame.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/utf8.h"
#include "net/deflate.h"

namespace hawser::net {
namespace {

constexpr std::uint16_t kProtocolError = static_cast<std::uint16_t>(CloseCode::protocol_error);
constexpr std::uint16_t kInvalidData = static_cast<std::uint16_t>(CloseCode::invalid_data);
constexpr std::uint16_t kTooBig = static_cast<std::uint16_t>(CloseCode::too_big);
constexpr std::uint16_t kNoStatus = static_cast<std::uint16_t>(CloseCode::no_status);

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kCompressed = 0x40;  // RSV1 in the first frame of a message (RFC 7692, section 6).
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength = 0x7f;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;
constexpr std::size_t kMaxControl = 125;
/// A joined message below this keeps its memory for the next one.
constexpr std::size_t kKeptCapacity = 1024;

std::uint64_t big_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (const auto byte : bytes) value = value << 8U | byte;
  return value;
}

/// Whether a peer may send the code: those registered, and the ranges for libraries and applications.
bool is_sendable(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

void unmask(std::span<char> bytes, const std::array<std::uint8_t, 4>& mask, std::size_t offset) {
  std::array<std::uint8_t, 8> turned{};
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask[(offset + i) % 4];
  std::uint64_t wide_mask = 0;
  std::memcpy(&wide_mask, turned.data(), sizeof(wide_mask));
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof(word));
    word ^= wide_mask;
    std::memcpy(bytes.data() + i, &word, sizeof(word));
  }
  for (; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ turned[i % 4]);
}

FrameEvent error(std::uint16_t code) {
  return {FrameEvent::Kind::error, {}, code};
}

}  // namespace

std::size_t encode_frame_header(std::span<char, kMaxFrameHeader> out, Opcode opcode, std::size_t payload_size,
                                bool compressed) {
  out[0] = static_cast<char>(kFinal | (compressed ? kCompressed : 0) | static_cast<std::uint8_t>(opcode));
  if (payload_size < kLength16) {
    out[1] = static_cast<char>(payload_size);
    return 2;
  }
  const bool wide = payload_size > 0xffff;
  const std::size_t length_bytes = wide ? 8 : 2;
  out[1] = static_cast<char>(wide ? kLength64 : kLength16);
  for (std::size_t i = 0; i < length_bytes; ++i) {
    out[2 + i] = static_cast<char>(static_cast<std::uint64_t>(payload_size) >> (8 * (length_bytes - 1 - i)));
  }
  return 2 + length_bytes;
}

std::string encode_close(std::uint16_t code, std::string_view reason) {
  std::string frame(4, '\0');
  frame[0] = static_cast<char>(kFinal | static_cast<std::uint8_t>(Opcode::close));
  frame[1] = static_cast<char>(2 + reason.size());
  frame[2] = static_cast<char>(code >> 8U);
  frame[3] = static_cast<char>(code & 0xffU);
  return frame.append(reason);
}

FrameEvent FrameReader::next(std::span<char>& input) {
  release_message();
  while (true) {
    if (!in_payload_) {
      const bool complete = read_header(input);
      if (header_filled_ >= 2) {
        if (const auto code = check_first_bytes(); code != 0) return error(code);
      }
      if (!complete) return {};
      if (const auto code = start_frame(); code != 0) return error(code);
    }
    const auto event = read_payload(input);
    if (event.kind != FrameEvent::Kind::none || in_payload_) return event;
  }
}

bool FrameReader::is_within_message() const {
  return in_payload_ || header_filled_ > 0 || message_opcode_ != Opcode::continuation;
}

/// Of the bytes on the wire. What does not compress grows by a few bytes a block, and is welcome all the
/// same.
std::size_t FrameReader::size_limit() const {
  return compressed_ ? max_message_ + max_message_ / 1024 + 64 : max_message_;
}

std::size_t FrameReader::header_size() const {
  if (header_filled_ < 2) return 2;
  const auto length = header_[1] & kLength;
  const std::size_t extended = length == kLength16 ? 2 : length == kLength64 ? 8 : 0;
  return 2 + extended + ((header_[1] & kMasked) != 0 ? 4 : 0);
}

bool FrameReader::read_header(std::span<char>& input) {
  while (header_filled_ < header_size()) {
    if (input.empty()) return false;
    header_[header_filled_++] = static_cast<std::uint8_t>(input.front());
    input = input.subspan(1);
  }
  return true;
}

std::uint16_t FrameReader::check_first_bytes() const {
  const auto reserved = header_[0] & kReserved;
  const bool may_compress = inflater_ != nullptr && (opcode() == Opcode::text || opcode() == Opcode::binary);
  if (reserved != 0 && !(reserved == kCompressed && may_compress)) return kProtocolError;
  if ((header_[1] & kMasked) == 0) return kProtocolError;
  const bool in_message = message_opcode_ != Opcode::continuation;
  switch (opcode()) {
    case Opcode::continuation: return in_message ? 0 : kProtocolError;
    case Opcode::text:
    case Opcode::binary: return in_message ? kProtocolError : 0;
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong: return is_final() && (header_[1] & kLength) <= kMaxControl ? 0 : kProtocolError;
  }
  return kProtocolError;
}

std::uint16_t FrameReader::start_frame() {
  const auto bytes = std::span(header_).first(header_filled_);
  std::uint64_t length = header_[1] & kLength;
  if (length >= kLength16) length = big_endian(bytes.subspan(2, header_filled_ - 6));
  if (length >> 63U != 0) return kProtocolError;
  std::copy_n(bytes.end() - 4, 4, mask_.begin());
  if (!is_control()) {
    if (opcode() != Opcode::continuation) {
      message_opcode_ = opcode();
      compressed_ = (header_[0] & kCompressed) != 0;
    }
    if (length > size_limit() - message_.size()) return kTooBig;
    if (++fragments_ > max_fragments_) return kTooBig;
  }
  remaining_ = static_cast<std::size_t>(length);
  mask_offset_ = 0;
  header_filled_ = 0;
  in_payload_ = true;
  return 0;
}

FrameEvent FrameReader::read_payload(std::span<char>& input) {
  const auto chunk = input.first(std::min(remaining_, input.size()));
  input = input.subspan(chunk.size());
  unmask(chunk, mask_, mask_offset_);
  mask_offset_ = (mask_offset_ + chunk.size()) % 4;
  remaining_ -= chunk.size();
  in_payload_ = remaining_ > 0;
  if (is_control()) {
    std::copy(chunk.begin(), chunk.end(), control_.begin() + static_cast<std::ptrdiff_t>(control_filled_));
    control_filled_ += chunk.size();
    return in_payload_ ? FrameEvent{} : finish_control();
  }
  const bool ends_message = !in_payload_ && is_final();
  if (ends_message && message_.empty()) return finish_message({chunk.data(), chunk.size()});
  message_.append(chunk.data(), chunk.size());
  return ends_message ? finish_message(message_) : FrameEvent{};
}

FrameEvent FrameReader::finish_control() {
  const std::string_view data(control_.data(), control_filled_);
  control_filled_ = 0;
  if (opcode() == Opcode::ping) return {FrameEvent::Kind::ping, data, 0};
  if (opcode() == Opcode::pong) return {FrameEvent::Kind::pong, data, 0};
  if (data.empty()) return {FrameEvent::Kind::close, {}, kNoStatus};
  if (data.size() < 2) return error(kProtocolError);
  const auto code = static_cast<std::uint16_t>(static_cast<unsigned char>(data[0]) << 8U |
                                               static_cast<unsigned char>(data[1]));
  if (!is_sendable(code)) return error(kProtocolError);
  if (!utf8::is_valid(data.substr(2))) return error(kInvalidData);
  return {FrameEvent::Kind::close, data.substr(2), code};
}

FrameEvent FrameReader::finish_message(std::string_view data) {
  const bool text = message_opcode_ == Opcode::text;
  message_opcode_ = Opcode::continuation;
  fragments_ = 0;
  delivered_ = true;
  if (std::exchange(compressed_, false)) {
    const auto inflated = inflater_->inflate(data, max_message_);
    if (inflated.outcome == Inflater::Outcome::too_big) return error(kTooBig);
    if (inflated.outcome == Inflater::Outcome::corrupt) return error(kInvalidData);
    data = inflated.data;
  }
  if (text && !utf8::is_valid(data)) return error(kInvalidData);
  return {text ? FrameEvent::Kind::text : FrameEvent::Kind::binary, data, 0};
}

void FrameReader::release_message() {
  if (!std::exchange(delivered_, false)) return;
  if (message_.capacity() > kKeptCapacity) {
    std::string().swap(message_);
  } else {
    message_.clear();
  }
}

}  // namespace hawser::net
