#include "net/origin_policy.h"

#include <gtest/gtest.h>

#include <string>

namespace hawser::net {
namespace {

using engineio::OriginVerdict;

TEST(OriginPolicy, allows_the_list_the_own_page_and_programs) {
  const OriginPolicy policy({"https://good.com", "http://localhost:3000/"});
  struct Row {
    const char* origin;
    OriginVerdict expected;
  };
  const Row table[] = {
      {"", OriginVerdict::allowed},
      {"https://good.com", OriginVerdict::allowed},
      {"http://localhost:3000", OriginVerdict::allowed},
      {"http://own:4000", OriginVerdict::allowed},
      {"http://good.com", OriginVerdict::refused},
      {"https://good.com:8443", OriginVerdict::refused},
      {"https://good.com.evil.io", OriginVerdict::refused},
      {"https://evilgood.com", OriginVerdict::refused},
      {"https://GOOD.com", OriginVerdict::refused},
      {"null", OriginVerdict::refused},
      {"own:4000", OriginVerdict::refused},
      {"http://own:4000.evil.io", OriginVerdict::refused},
      {"https://good.com https://evil.io", OriginVerdict::malformed},
      {"https://\xc3\xa4.de", OriginVerdict::malformed},
      {"a\tb", OriginVerdict::malformed},
  };
  for (const auto& row : table) EXPECT_EQ(policy.judge(row.origin, "own:4000"), row.expected) << row.origin;
}

TEST(OriginPolicy, echoes_an_allowed_origin_with_credentials_and_varies_by_it) {
  const OriginPolicy policy({"https://good.com"});
  EXPECT_EQ(policy.response_headers("https://good.com", "h"),
            "Access-Control-Allow-Origin: https://good.com\r\nAccess-Control-Allow-Credentials: true\r\n"
            "Vary: Origin\r\n");
  EXPECT_EQ(policy.response_headers("https://evil.io", "h"), "Vary: Origin\r\n");
  EXPECT_EQ(policy.response_headers("", "h"), "Vary: Origin\r\n");
}

TEST(OriginPolicy, never_allows_credentials_to_everybody) {
  const OriginPolicy policy({"*"});
  EXPECT_EQ(policy.judge("https://any.where", "h"), OriginVerdict::allowed);
  EXPECT_EQ(policy.response_headers("https://any.where", "h"), "Access-Control-Allow-Origin: *\r\n");
}

TEST(OriginPolicy, answers_a_preflight_with_the_headers_asked_for) {
  EXPECT_EQ(OriginPolicy::preflight_headers("x-a, x-b"),
            "Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\r\n"
            "Vary: Access-Control-Request-Headers\r\nAccess-Control-Allow-Headers: x-a, x-b\r\n");
  EXPECT_EQ(OriginPolicy::preflight_headers(""),
            "Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\r\n");
}

}  // namespace
}  // namespace hawser::net
