#include "net/http_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
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

}  // namespace

struct HttpReader::Parser : http::request_parser<http::string_body> {
  std::string_view field(http::field name) const { return to_std(get()[name]); }
};

HttpReader::HttpReader(std::size_t max_body) : max_body_(max_body) {}
HttpReader::~HttpReader() = default;

HttpReader::Progress HttpReader::feed(std::string_view& bytes) {
  return parser_ ? read_body(bytes) : read_head(bytes);
}

void HttpReader::reset() {
  parser_.reset();
  pending_ = {};
  head_ = {};
  body_ = {};
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
  parser_ = std::make_unique<Parser>();
  parser_->header_limit(limits::kMaxHttpHeader + 1);
  parser_->body_limit(max_body_);
  parser_->eager(true);
  beast::error_code error;
  parser_->put(asio::buffer(pending_), error);
  pending_ = {};
  copy_head();
  if (error == http::error::body_limit) return fail(413);
  if (error == http::error::bad_version) return fail(505);
  if (error && error != http::error::need_more) return fail(400);
  if (const int status = check_head(); status != 0) return fail(status);
  return Progress::head;
}

int HttpReader::check_head() const {
  const auto& request = parser_->get();
  const auto field_count = static_cast<std::size_t>(std::distance(request.begin(), request.end()));
  if (field_count > kMaxFields) return 431;
  if (request.count(http::field::host) > 1 || (!head_.http_1_0 && head_.host.empty())) return 400;
  const auto lengths = request.count(http::field::content_length);
  const auto codings = request.count(http::field::transfer_encoding);
  if (lengths + codings > 1) return 400;
  if (lengths == 1 && !is_all_digits(parser_->field(http::field::content_length))) return 400;
  if (codings == 1) {
    const bool chunked = beast::iequals(request[http::field::transfer_encoding], "chunked");
    if (head_.http_1_0 || !chunked) return 400;
  }
  if (!head_.path.starts_with('/') || head_.path.find('\0') != std::string::npos) return 400;
  return 0;
}

void HttpReader::copy_head() {
  const auto& request = parser_->get();
  head_.method = request.method_string();
  const auto target = origin_form(to_std(request.target()));
  const auto mark = std::min(target.find('?'), target.size());
  head_.path = engineio::percent_decode(target.substr(0, mark), false);
  head_.query = target.substr(std::min(mark + 1, target.size()));
  head_.http_1_0 = request.version() < 11;
  head_.keep_alive = request.keep_alive();
  head_.host = parser_->field(http::field::host);
  head_.origin = parser_->field(http::field::origin);
  head_.content_type = parser_->field(http::field::content_type);
  head_.authorization = parser_->field(http::field::authorization);
  head_.requested_headers = parser_->field(http::field::access_control_request_headers);
  head_.expects_continue = beast::iequals(request[http::field::expect], "100-continue");
  head_.websocket_key = parser_->field(http::field::sec_websocket_key);
  head_.websocket_version = parser_->field(http::field::sec_websocket_version);
  head_.wants_websocket = request.method() == http::verb::get && !head_.http_1_0 &&
                          http::token_list(request[http::field::upgrade]).exists("websocket") &&
                          http::token_list(request[http::field::connection]).exists("upgrade");
  head_.has_body =
      request.count(http::field::transfer_encoding) > 0 ||
      (request.count(http::field::content_length) > 0 && parser_->field(http::field::content_length) != "0");
}

HttpReader::Progress HttpReader::read_body(std::string_view& bytes) {
  if (!parser_->is_done()) {
    // A chunk header that is cut is shown to the parser again when more of it is there.
    const auto arrived = std::exchange(bytes, {});
    pending_ += arrived;
    if (pending_.empty()) return Progress::need_more;
    beast::error_code error;
    pending_.erase(0, parser_->put(asio::buffer(pending_), error));
    if (error == http::error::body_limit) return fail(413);
    if (error && error != http::error::need_more) return fail(400);
    if (!parser_->is_done()) {
      return pending_.size() < limits::kMaxHttpHeader ? Progress::need_more : fail(400);
    }
    bytes = arrived.substr(arrived.size() - pending_.size());  // The next request.
    pending_.clear();
  }
  body_ = std::move(parser_->get().body());
  return Progress::complete;
}

}  // namespace hawser::net
