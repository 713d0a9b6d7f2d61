#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "net/http_reader.h"
#include "test/fuzz/choices.h"

namespace {

using hawser::fuzz::check;
using hawser::fuzz::Choices;
using hawser::fuzz::Cutter;
using hawser::net::HttpHead;
using hawser::net::HttpReader;
using Progress = HttpReader::Progress;

constexpr std::size_t kMaxBody = 300;

std::string text_of(const HttpHead& head) {
  return fmt::format("{} {}?{} {}{}{}{}{} {}|{}|{}|{}|{}|{}|{}", head.method, head.path, head.query,
                     head.http_1_0, head.keep_alive, head.has_body, head.expects_continue,
                     head.wants_websocket, head.host, head.origin, head.content_type, head.authorization,
                     head.requested_headers, head.websocket_key, head.websocket_version);
}

void check_head(const HttpHead& head) {
  check(head.path.starts_with('/') && head.path.find('\0') == std::string::npos,
        "a path begins with a slash");
  check(head.http_1_0 || !head.host.empty(), "HTTP/1.1 names the host");
  check(!head.wants_websocket || (head.method == "GET" && !head.http_1_0), "an upgrade is a GET of HTTP/1.1");
  for (const auto* value : {&head.method, &head.query, &head.host, &head.origin, &head.content_type,
                            &head.authorization, &head.requested_headers}) {
    check(value->find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
          "a value stands on one line");
    check(value->size() <= hawser::limits::kMaxHttpHeader, "a value is no larger than the head");
  }
}

struct Seen {
  std::vector<std::string> requests;  ///< complete ones
  std::string head;                   ///< of the request that is not complete
  int status = 0;                     ///< that reading failed with; 0: it did not
  std::size_t first_size = 0;         ///< bytes of the first request

  bool operator==(const Seen&) const = default;
};

/// Everything that the reader makes of the bytes when they arrive in these pieces.
Seen read(Cutter pieces) {
  HttpReader reader(kMaxBody);
  Seen seen;
  std::size_t taken = 0;
  while (!pieces.done()) {
    auto piece = pieces.next();
    auto progress = Progress::head;
    while (progress == Progress::head || !piece.empty()) {
      const auto before = piece.size();
      progress = reader.feed(piece);
      taken += before - piece.size();
      if (progress == Progress::failed) {
        seen.status = reader.status();
        return seen;
      }
      if (progress == Progress::need_more) check(piece.empty(), "a reader that waits has taken all bytes");
      if (progress == Progress::head) {
        check_head(reader.head());
        seen.head = text_of(reader.head());
      }
      if (progress != Progress::complete) continue;
      check(reader.body().size() <= kMaxBody, "a body is as large as it may be");
      seen.requests.push_back(std::exchange(seen.head, {}) + '\n' + reader.body());
      if (seen.requests.size() == 1) seen.first_size = taken;
      reader.reset();
      check(!reader.is_started(), "a request leaves nothing behind");
    }
  }
  return seen;
}

}  // namespace

/// However the bytes are cut, the requests are the same, and no request depends on what follows it: nothing
/// can be smuggled. In front of the bytes stand the cuts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  const auto cuts = choices.take(choices.byte() % 16U);
  const Choices sizes(reinterpret_cast<const std::uint8_t*>(cuts.data()), cuts.size());
  const auto bytes = choices.rest();
  const auto whole = read(Cutter(bytes, Choices(nullptr, 0)));
  check(read(Cutter(bytes, sizes)) == whole, "cuts change nothing");
  if (whole.requests.empty()) return 0;
  const auto first = read(Cutter(bytes.substr(0, whole.first_size), sizes));
  check(first.requests.size() == 1 && first.requests[0] == whole.requests[0] && first.status == 0,
        "a request ends where it ends");
  return 0;
}
