#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "test/fuzz/check.h"

/// The bytes of HTTP and WebSocket from a client's side, as far as our server speaks them. What it sends must
/// be right, so everything unexpected is a finding.
namespace hawser::fuzz {

struct Response {
  int status = 0;
  bool close = false;
  std::string body;
};

/// A whole response off the front of `bytes`; nothing when it is not all there.
inline std::optional<Response> take_response(std::string& bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  const auto head = std::string_view(bytes).substr(0, end + 2);
  check(head.starts_with("HTTP/1.1 ") && head.find('\0') == std::string_view::npos, "a response is HTTP");
  Response response;
  std::from_chars(head.data() + 9, head.data() + 12, response.status);
  response.close = head.find("\r\nConnection: close\r\n") != std::string_view::npos;
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const auto length = head.find(kLength);
  check((length == std::string_view::npos) == (response.status < 200), "a response says how long it is");
  std::size_t size = 0;
  if (response.status >= 200) {
    std::from_chars(head.data() + length + kLength.size(), head.data() + head.size(), size);
  }
  if (bytes.size() < end + 4 + size) return std::nullopt;
  response.body = bytes.substr(end + 4, size);
  bytes.erase(0, end + 4 + size);
  return response;
}

struct Frame {
  unsigned opcode = 0;
  std::string payload;
};

/// A whole frame off the front of `bytes`; nothing when it is not all there.
inline std::optional<Frame> take_frame(std::string& bytes) {
  const auto octet = [&bytes](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[i]));
  };
  if (bytes.size() < 2) return std::nullopt;
  check((octet(0) & 0xf0U) == 0x80 && octet(1) < 0x80, "a frame is whole and not masked");
  std::size_t header = 2;
  std::size_t size = octet(1);
  if (size >= 126) {
    const std::size_t width = size == 126 ? 2 : 8;
    header += width;
    if (bytes.size() < header) return std::nullopt;
    size = 0;
    for (std::size_t i = 2; i < header; ++i) size = size << 8U | octet(i);
  }
  if (bytes.size() < header + size) return std::nullopt;
  Frame frame{octet(0) & 0x0fU, bytes.substr(header, size)};
  bytes.erase(0, header + size);
  return frame;
}

/// A frame of a client; `first_byte` is FIN and opcode.
inline std::string masked_frame(unsigned first_byte, std::string_view payload) {
  constexpr std::string_view kMask = "\x11\x22\x33\x44";
  std::string out(1, static_cast<char>(first_byte));
  const auto put_length = [&](unsigned mark, std::size_t width) {
    out += static_cast<char>(0x80U | mark);
    for (std::size_t i = 0; i < width; ++i) out += static_cast<char>(payload.size() >> (8 * (width - 1 - i)));
  };
  if (payload.size() < 126) {
    put_length(static_cast<unsigned>(payload.size()), 0);
  } else if (payload.size() <= 0xffff) {
    put_length(126, 2);
  } else {
    put_length(127, 8);
  }
  out += kMask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ kMask[i % 4]);
  return out;
}

inline std::string http_request(std::string_view method, std::string_view target,
                                std::string_view headers = {}, std::string_view body = {}) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: h\r\n").append(headers);
  if (method == "POST") text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return text.append("\r\n").append(body);
}

}  // namespace hawser::fuzz
