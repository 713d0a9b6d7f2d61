#include "server/admin_request.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "base/limits.h"
#include "test/fuzz/check.h"

// Requests of strangers who have got hold of an administrator's token.
namespace {

using namespace hawser::server;
using hawser::fuzz::check;

void check_bounds(const admin::Request& request) {
  if (const auto* list = std::get_if<admin::ListJobs>(&request)) {
    check(list->limit >= 1 && list->limit <= hawser::limits::kMaxListed, "a list is bounded");
    check(!list->filter.dead || !list->filter.state, "dead is a state of its own");
  }
  if (const auto* events = std::get_if<admin::ShowEvents>(&request)) {
    check(events->limit >= 1 && events->limit <= hawser::limits::kPageEvents, "a page of events is bounded");
  }
  if (const auto* cancel = std::get_if<admin::CancelJob>(&request)) {
    check(cancel->reason.size() <= hawser::limits::kMaxCancelReason, "a reason is bounded");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Three lines: method, path, query.
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto first = text.find('\n');
  const auto second = first == std::string::npos ? first : text.find('\n', first + 1);
  if (second == std::string::npos) return 0;
  hawser::net::HttpRequest request;
  request.method = text.substr(0, first);
  request.path = text.substr(first + 1, second - first - 1);
  request.query = text.substr(second + 1);
  const auto read = admin::read_request(request);
  if (!read) {
    check(read.error().code == hawser::Errc::bad_request, "a refusal is a bad request");
    check(read.error().message.size() < 1'000, "a refusal does not repeat what it refuses");
  } else if (*read) {
    check(admin::is_admin_path(request.path), "only our paths mean something");
    check_bounds(**read);
  }
  return 0;
}
