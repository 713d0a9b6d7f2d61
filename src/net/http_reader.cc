#include "net/http_reader.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <utility>

#include "base/limits.h"
#include "engineio/handshake.h"

namespace hawser::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
/// More fields than browsers and proxies send together.
constexpr std::size_t kMaxFields = 100;

std::string_view to_std(beast::string_view text) {
  return {text.data(), text.size()};
}

bool has_bare_line_feed(std::string_view text, std::size_t from) {
  for (auto at = text.find('\n', from); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

/// Line ends other than CRLF, NUL, and continuation lines (obs-fold).
bool has_ambiguous_lines(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '\0') return true;
    if (head[i] == '\r' && (i + 1 == head.size() || head[i + 1] != '\n')) return true;
    if (head[i] == '\n' && i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t')) return true;
  }
  return false;
}

bool is_all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The target without scheme and authority (absolute form, RFC 9112, section 3.2.2).
std::string_view origin_form(std::string_view target) {
  if (!target.starts_with("http://") && !target.starts_with("https://")) return target;
  const auto path = target.find('/', target.find("://") + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

/// Headers by which proxies tell for whom they speak.
constexpr std::array<std::string_view, 4> kForwarding = {"Forwarded", "Via", "X-Forwarded-For", "X-Real-IP"};

struct Parser : http::request_parser<http::empty_body> {
  std::string_view field(http::field name) const { return to_std(get()[name]); }
  /// All fields of that name as the one list that they are.
  std::string fields(http::field name) const {
    std::string list;
    const auto [begin, end] = get().equal_range(name);
    for (auto at = begin; at != end; ++at) {
      if (!list.empty()) list += ',';
      list += to_std(at->value());
    }
    return list;
  }
};

HttpHead copy_head(const Parser& parser) {
  const auto& request = parser.get();
  HttpHead head;
  head.method = request.method_string();
  const auto target = origin_form(to_std(request.target()));
  const auto mark = std::min(target.find('?'), target.size());
  head.path = engineio::percent_decode(target.substr(0, mark), false);
  head.query = target.substr(std::min(mark + 1, target.size()));
  head.http_1_0 = request.version() < 11;
  head.keep_alive = request.keep_alive();
  head.host = parser.field(http::field::host);
  head.origin = parser.field(http::field::origin);
  head.content_type = parser.field(http::field::content_type);
  head.authorization = parser.field(http::field::authorization);
  head.requested_headers = parser.field(http::field::access_control_request_headers);
  head.expects_continue = beast::iequals(request[http::field::expect], "100-continue");
  head.websocket_key = parser.field(http::field::sec_websocket_key);
  head.websocket_version = parser.field(http::field::sec_websocket_version);
  head.wants_websocket = request.method() == http::verb::get && !head.http_1_0 &&
                         http::token_list(request[http::field::upgrade]).exists("websocket") &&
                         http::token_list(request[http::field::connection]).exists("upgrade");
  head.is_forwarded = std::ranges::any_of(kForwarding, [&request](std::string_view name) {
    return request.count({name.data(), name.size()}) > 0;
  });
  if (head.wants_websocket) {
    head.websocket_extensions = parser.fields(http::field::sec_websocket_extensions);
  }
  return head;
}

/// The status a head is refused with; 0 when it is not.
int check_head(const Parser& parser, const HttpHead& head) {
  const auto& request = parser.get();
  const auto field_count = static_cast<std::size_t>(std::distance(request.begin(), request.end()));
  if (field_count > kMaxFields) return 431;
  if (request.count(http::field::host) > 1 || (!head.http_1_0 && head.host.empty())) return 400;
  const auto lengths = request.count(http::field::content_length);
  const auto codings = request.count(http::field::transfer_encoding);
  if (lengths + codings > 1) return 400;
  if (lengths == 1 && !is_all_digits(parser.field(http::field::content_length))) return 400;
  if (codings == 1) {
    const bool chunked = beast::iequals(request[http::field::transfer_encoding], "chunked");
    if (head.http_1_0 || !chunked) return 400;
  }
  if (!head.path.starts_with('/') || head.path.find('\0') != std::string::npos) return 400;
  return 0;
}

HttpBody body_of(const Parser& parser, std::size_t max_size) {
  if (parser.chunked()) return HttpBody::chunked(max_size);
  return HttpBody::of_length(static_cast<std::size_t>(parser.content_length().value_or(0)));
}

}  // namespace

HttpReader::HttpReader(std::size_t max_body) : max_body_(max_body) {}

HttpReader::Progress HttpReader::feed(std::string_view& bytes) {
  if (given_up_) {
    bytes = {};
    return Progress::need_more;
  }
  return body_ ? read_body(bytes) : read_head(bytes);
}

void HttpReader::give_up() {
  reset();
  given_up_ = true;
}

void HttpReader::reset() {
  pending_ = {};
  head_ = {};
  body_.reset();
}

std::size_t HttpReader::buffered_bytes() const {
  return pending_.size() + (body_ ? body_->text().size() : 0);
}

HttpReader::Progress HttpReader::fail(int status) {
  status_ = status;
  return Progress::failed;
}

HttpReader::Progress HttpReader::read_head(std::string_view& bytes) {
  const auto old_size = pending_.size();
  const auto taken = bytes.substr(0, limits::kMaxHttpHeader - old_size);
  pending_ += taken;
  const auto end = pending_.find(kEndOfHead, old_size < 3 ? 0 : old_size - 3);
  const auto head = std::string_view(pending_).substr(0, end);
  if (has_bare_line_feed(head, std::min(old_size, head.size()))) return fail(400);
  if (end == std::string::npos) {
    bytes.remove_prefix(taken.size());
    return pending_.size() >= limits::kMaxHttpHeader ? fail(431) : Progress::need_more;
  }
  pending_.resize(end + kEndOfHead.size());
  bytes.remove_prefix(pending_.size() - old_size);
  return parse_head();
}

HttpReader::Progress HttpReader::parse_head() {
  if (has_ambiguous_lines(pending_)) return fail(400);
  Parser parser;
  parser.header_limit(limits::kMaxHttpHeader + 1);
  parser.body_limit(max_body_);
  beast::error_code error;
  parser.put(asio::buffer(pending_), error);
  pending_ = {};
  head_ = copy_head(parser);
  if (error == http::error::body_limit) return fail(413);
  if (error == http::error::bad_version) return fail(505);
  if (error || !parser.is_header_done()) return fail(400);
  if (const int status = check_head(parser, head_); status != 0) return fail(status);
  if (!parser.chunked()) head_.body_size = static_cast<std::size_t>(parser.content_length().value_or(0));
  head_.has_body = head_.body_size != 0;
  body_ = body_of(parser, max_body_);
  return Progress::head;
}

HttpReader::Progress HttpReader::read_body(std::string_view& bytes) {
  switch (body_->feed(bytes)) {
    case HttpBody::Progress::need_more: return Progress::need_more;
    case HttpBody::Progress::complete: return Progress::complete;
    case HttpBody::Progress::malformed: return fail(400);
    case HttpBody::Progress::too_large: return fail(413);
  }
  return fail(400);
}

}  // namespace hawser::net
