#include "net/deflate_offer.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace hawser::net {
namespace {

constexpr std::string_view kExtension = "permessage-deflate";
constexpr int kMinBits = 8;
constexpr int kMaxBits = 15;
/// There are no more names; an offer with more repeats one.
constexpr std::size_t kMaxParameters = 4;
/// zlib writes raw streams with windows from 2^9.
constexpr int kMinOwnBits = 9;

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

struct Parameter {
  std::string_view name;
  std::optional<std::string> value{};
};
struct Offer {
  std::string_view extension;
  std::vector<Parameter> parameters{};
};

/// Reads the list of RFC 6455, section 9.1. Every method takes what it names from the front.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool is_at_end() {
    skip_spaces();
    return text_.empty();
  }
  bool take(char wanted) {
    skip_spaces();
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::optional<Offer> offer() {
    Offer offer{.extension = token()};
    if (offer.extension.empty()) return std::nullopt;
    while (take(';')) {
      auto parameter = this->parameter();
      if (!parameter) return std::nullopt;
      offer.parameters.push_back(std::move(*parameter));
    }
    return offer;
  }

 private:
  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t"), text_.size())); }

  std::string_view token() {
    skip_spaces();
    const auto end = std::find_if_not(text_.begin(), text_.end(), is_token_char);
    const auto token = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(token.size());
    return token;
  }
  std::optional<Parameter> parameter() {
    Parameter parameter{.name = token()};
    if (parameter.name.empty()) return std::nullopt;
    if (!take('=')) return parameter;
    parameter.value = take('"') ? quoted() : std::string(token());
    // Quoted or not, it has to be a token.
    if (parameter.value->empty() || !std::ranges::all_of(*parameter.value, is_token_char))
      return std::nullopt;
    return parameter;
  }
  /// Behind the opening quote; empty when there is no closing one.
  std::string quoted() {
    std::string value;
    while (!text_.empty()) {
      const bool escaped = text_.front() == '\\';
      if (escaped) text_.remove_prefix(1);
      if (text_.empty()) break;
      const char c = text_.front();
      text_.remove_prefix(1);
      if (c == '"' && !escaped) return value;
      value += c;
    }
    return {};
  }

  std::string_view text_;
};

/// A decimal from 8 to 15 without leading zero (RFC 7692, section 7.1.2).
std::optional<int> window_bits(const std::string& text) {
  for (int bits = kMinBits; bits <= kMaxBits; ++bits) {
    if (text == std::to_string(bits)) return bits;
  }
  return std::nullopt;
}

/// Puts one parameter into `terms`; false when the offer cannot be accepted with it.
bool apply(const Parameter& parameter, DeflateTerms& terms) {
  const bool switch_only =
      parameter.name == "server_no_context_takeover" || parameter.name == "client_no_context_takeover";
  if (switch_only) return !parameter.value;
  // How large a window the client may use makes no difference: ours holds the largest.
  if (parameter.name == "client_max_window_bits") return !parameter.value || window_bits(*parameter.value);
  if (parameter.name != "server_max_window_bits" || !parameter.value) return false;
  terms.server_max_window_bits = window_bits(*parameter.value);
  return terms.server_max_window_bits.value_or(0) >= kMinOwnBits;
}

std::optional<DeflateTerms> accept(const Offer& offer) {
  const auto& parameters = offer.parameters;
  if (offer.extension != kExtension || parameters.size() > kMaxParameters) return std::nullopt;
  DeflateTerms terms;
  for (auto at = parameters.begin(); at != parameters.end(); ++at) {
    const auto repeats = [at](const Parameter& earlier) { return earlier.name == at->name; };
    if (std::any_of(parameters.begin(), at, repeats) || !apply(*at, terms)) return std::nullopt;
  }
  return terms;
}

}  // namespace

std::optional<DeflateTerms> choose_deflate(std::string_view offers) {
  Reader reader(offers);
  std::optional<DeflateTerms> chosen;
  while (!reader.is_at_end()) {
    if (reader.take(',')) continue;  // Lists may have empty elements.
    const auto offer = reader.offer();
    if (!offer || !(reader.is_at_end() || reader.take(','))) return std::nullopt;
    if (!chosen) chosen = accept(*offer);
  }
  return chosen;
}

std::string to_header(const DeflateTerms& terms) {
  auto text = fmt::format("{}; server_no_context_takeover; client_no_context_takeover", kExtension);
  if (terms.server_max_window_bits) {
    text += fmt::format("; server_max_window_bits={}", *terms.server_max_window_bits);
  }
  return text;
}

}  // namespace hawser::net
