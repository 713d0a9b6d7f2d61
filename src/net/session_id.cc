#include "net/session_id.h"

namespace hawser::net {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kRandomBytes = 15;  ///< 20 characters; the first two are overwritten

}  // namespace

std::string make_sid(Random& random, std::size_t core) {
  auto sid = random.token(kRandomBytes);
  sid[0] = kAlphabet[core / kAlphabet.size()];
  sid[1] = kAlphabet[core % kAlphabet.size()];
  return sid;
}

std::optional<std::size_t> core_of_sid(std::string_view sid) {
  if (sid.size() != kSidSize || sid.find_first_not_of(kAlphabet) != std::string_view::npos)
    return std::nullopt;
  return kAlphabet.find(sid[0]) * kAlphabet.size() + kAlphabet.find(sid[1]);
}

}  // namespace hawser::net
