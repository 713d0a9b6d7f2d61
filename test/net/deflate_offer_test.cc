#include "net/deflate_offer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace hawser::net {
namespace {

constexpr const char* kPlain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The answer to an offer; empty when it is declined.
std::string answer(std::string_view offers) {
  const auto terms = choose_deflate(offers);
  return terms ? to_header(*terms) : "";
}

std::string with_server_bits(int bits) {
  std::string text = kPlain;
  text.append("; server_max_window_bits=").append(std::to_string(bits));
  return text;
}

TEST(DeflateOffer, accepts_what_clients_send) {
  const std::pair<std::string, std::string> table[] = {
      {"permessage-deflate", kPlain},
      {"permessage-deflate; client_max_window_bits", kPlain},  // browsers, and Node's ws
      {"permessage-deflate;client_max_window_bits=15;server_max_window_bits=10", with_server_bits(10)},
      {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", kPlain},
      {"permessage-deflate; server_max_window_bits=9", with_server_bits(9)},
      {"permessage-deflate; server_max_window_bits=15", with_server_bits(15)},
      {"permessage-deflate; client_max_window_bits=8", kPlain},
      {R"(permessage-deflate; server_max_window_bits="12")", with_server_bits(12)},
      {R"(permessage-deflate; server_max_window_bits="1\2")", with_server_bits(12)},
      {" \tpermessage-deflate ; client_max_window_bits = 10 ", kPlain},
  };
  for (const auto& [offers, expected] : table) EXPECT_EQ(answer(offers), expected) << offers;
}

TEST(DeflateOffer, takes_the_first_offer_that_fits) {
  EXPECT_EQ(answer("x-webkit-deflate-frame, permessage-deflate"), kPlain);
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=10, permessage-deflate"),
            with_server_bits(10));
  EXPECT_EQ(answer("permessage-deflate; unknown, permessage-deflate; server_max_window_bits=11"),
            with_server_bits(11));
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=8, permessage-deflate"), kPlain);
  EXPECT_EQ(answer(", ,permessage-deflate,,"), kPlain);
}

TEST(DeflateOffer, declines_what_the_standard_forbids) {
  const std::string table[] = {
      "",
      "deflate",
      "permessage-deflate2",
      "x; permessage-deflate",
      "permessage-deflate; unknown",
      "permessage-deflate; client_max_window_bits; client_max_window_bits",
      "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
      "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
      "permessage-deflate; server_no_context_takeover=1",
      "permessage-deflate; client_no_context_takeover=true",
      "permessage-deflate; server_max_window_bits",
      // zlib has no window of 8 bits to write with.
      "permessage-deflate; server_max_window_bits=8",
      "permessage-deflate; server_max_window_bits=7",
      "permessage-deflate; server_max_window_bits=16",
      "permessage-deflate; server_max_window_bits=x",
      "permessage-deflate; server_max_window_bits=",
      "permessage-deflate; server_max_window_bits=09",
      "permessage-deflate; server_max_window_bits=+9",
      "permessage-deflate; server_max_window_bits=9.5",
      "permessage-deflate; client_max_window_bits=7",
      "permessage-deflate; client_max_window_bits=16",
      "permessage-deflate; client_max_window_bits=015",
      "permessage-deflate; client_max_window_bits=",
      R"(permessage-deflate; client_max_window_bits="")",
      "permessage-deflate; client_max_window_bits=99999999999999999999",
  };
  for (const auto& offers : table) EXPECT_EQ(answer(offers), "") << offers;
}

TEST(DeflateOffer, declines_what_is_no_list_of_extensions) {
  const std::string table[] = {
      "permessage-deflate permessage-deflate",
      "permessage-deflate;",
      "permessage-deflate; =10",
      "permessage-deflate, ;",
      "permessage-deflate\x01",
      R"(permessage-deflate; server_max_window_bits="12)",
      R"(permessage-deflate; server_max_window_bits="12\)",
      R"(permessage-deflate; server_max_window_bits="12"x)",
      "permessage-deflate; server_max_window_bits=\"1 2\"",
  };
  for (const auto& offers : table) EXPECT_EQ(answer(offers), "") << offers;
}

TEST(DeflateOffer, reads_long_values_in_linear_time) {
  const auto time = [](const std::string& unit, std::size_t count) {
    std::string offers;
    for (std::size_t i = 0; i < count; ++i) offers += unit;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(answer(offers), "");
    return std::chrono::steady_clock::now() - begin;
  };
  using namespace std::chrono_literals;
  for (const auto* unit : {"a;", "a; b", "a,", " ", ",", ";", "permessage-deflate; a=\"", "a;a;"}) {
    // A quadratic reader would take minutes for this.
    EXPECT_LT(time(unit, 1'000'000), 5s) << unit;
  }
}

}  // namespace
}  // namespace hawser::net
