#include "net/http_reply.h"

#include <fmt/format.h>

namespace hawser::net {
namespace {

/// Long enough for a restart, short enough for people to wait.
constexpr std::string_view kRetryAfter = "Retry-After: 5\r\n";

}  // namespace

HttpReply refusal(engineio::ErrorCode code, std::string_view reason) {
  return {engineio::http_status(code), "application/json", share(engineio::error_body(code, reason)), "",
          false};
}

HttpReply upgrade_refusal(engineio::ErrorCode code) {
  return {engineio::http_status(code), "text/html", share(std::string(engineio::error_message(code))),
          "Sec-WebSocket-Version: 13\r\n", true};
}

HttpReply unavailable() {
  auto reply = plain_reply(503);
  reply.headers = kRetryAfter;
  reply.close = true;
  return reply;
}

HttpReply plain_reply(int status) {
  return {status, "text/plain; charset=UTF-8", share(std::string(status_text(status))), "", false};
}

std::string_view status_text(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Payload Too Large";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

std::string encode_head(const HttpReply& reply, const HttpFraming& framing, std::string_view more_headers) {
  auto head = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, status_text(reply.status));
  if (!reply.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", reply.content_type);
  if (reply.status != 304) {  // It would have to be the length of what is not sent.
    head += fmt::format("Content-Length: {}\r\n", reply.body ? reply.body->size() : 0);
  }
  head += reply.headers;
  head += more_headers;
  if (framing.close) {
    head += "Connection: close\r\n";
  } else if (framing.http_1_0) {
    head += "Connection: keep-alive\r\n";
  }
  head += "\r\n";
  return head;
}

}  // namespace hawser::net
