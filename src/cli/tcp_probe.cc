#include "cli/tcp_probe.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>
#include <utility>

#include "base/web_url.h"

namespace hawser::cli {
namespace {

constexpr std::size_t kMaxAnswer = 65'536;

std::unexpected<Error> unavailable(std::string what) {
  return fail(Errc::unavailable, std::move(what));
}
std::string system_error(int number) {
  return std::generic_category().message(number);
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) return unavailable(fmt::format("{}: {}", host, gai_strerror(error)));
  return Addresses(list);
}

/// 0, or the error number of the connect that was going on.
int socket_error(int descriptor) {
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

Result<TcpProbe> TcpProbe::connect(const std::string& host, std::uint16_t port, Millis timeout) {
  const auto addresses = resolve(host, port);
  if (!addresses) return std::unexpected(addresses.error());
  int error = ECONNREFUSED;
  for (const addrinfo* at = addresses->get(); at != nullptr; at = at->ai_next) {
    TcpProbe probe(::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), timeout);
    if (probe.descriptor_ < 0) continue;
    error = ::connect(probe.descriptor_, at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) error = probe.wait(POLLOUT) ? socket_error(probe.descriptor_) : ETIMEDOUT;
    if (error == 0) return probe;
  }
  return unavailable(fmt::format("{}: {}", authority(host, port), system_error(error)));
}

TcpProbe::~TcpProbe() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

TcpProbe::TcpProbe(TcpProbe&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), timeout_(other.timeout_) {}

Status TcpProbe::wait(short events) const {
  pollfd entry{.fd = descriptor_, .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, static_cast<int>(timeout_.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return fail(Errc::timeout, fmt::format("no answer within {} ms", timeout_.count()));
  if (ready < 0) return unavailable(system_error(errno));
  return {};
}

Status TcpProbe::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (auto status = wait(POLLOUT); !status) return status;
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return unavailable(system_error(errno));
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::string> TcpProbe::receive() {
  std::array<char, 4096> buffer{};
  while (true) {
    if (auto status = wait(POLLIN); !status) return std::unexpected(status.error());
    const auto size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (size >= 0) return std::string(buffer.data(), static_cast<std::size_t>(size));
    if (errno != EAGAIN && errno != EINTR) return unavailable(system_error(errno));
  }
}

Result<HttpAnswer> http_get(const std::string& host, std::uint16_t port, std::string_view path,
                            Millis timeout) {
  auto probe = TcpProbe::connect(host, port, timeout);
  if (!probe) return std::unexpected(probe.error());
  const auto request =
      fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", path, authority(host, port));
  if (auto status = probe->send(request); !status) return std::unexpected(status.error());
  std::string text;
  while (text.size() < kMaxAnswer) {
    const auto part = probe->receive();
    if (!part) return std::unexpected(part.error());
    if (part->empty()) break;
    text += *part;
  }
  HttpAnswer answer;
  const auto head_end = text.find("\r\n\r\n");
  constexpr std::size_t kStatusAt = 9;  // Behind "HTTP/1.1 ".
  if (!text.starts_with("HTTP/1.") || head_end == std::string::npos ||
      std::from_chars(text.data() + kStatusAt, text.data() + kStatusAt + 3, answer.status).ec !=
          std::errc()) {
    return unavailable(fmt::format("{} does not speak HTTP", authority(host, port)));
  }
  answer.body = text.substr(head_end + 4);
  return answer;
}

}  // namespace hawser::cli
