#include "base/web_url.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

TEST(WebUrl, reads_scheme_host_port_and_path) {
  struct Case {
    const char* text;
    bool secure;
    const char* host;
    int port;
    const char* path;
  };
  const Case cases[] = {
      {"http://127.0.0.1:3000", false, "127.0.0.1", 3000, ""},
      {"https://x.example", true, "x.example", 443, ""},
      {"ws://x", false, "x", 80, ""},
      {"wss://x:8443/", true, "x", 8443, "/"},
      {"http://[::1]:81/v1?a=b", false, "::1", 81, "/v1?a=b"},
      {"http://[fe80::1]", false, "fe80::1", 80, ""},
  };
  for (const auto& expected : cases) {
    const auto url = parse_web_url(expected.text);
    ASSERT_TRUE(url) << expected.text;
    EXPECT_EQ(url->secure, expected.secure);
    EXPECT_EQ(url->host, expected.host);
    EXPECT_EQ(url->port, expected.port);
    EXPECT_EQ(url->path, expected.path);
  }
}

TEST(WebUrl, refuses_what_is_none) {
  for (const char* text :
       {"", "x", "x:80", "ftp://x", "http://", "http://:80", "http://x:", "http://x:0", "http://x:99999",
        "http://x:8a", "http://[::1", "http://[::1]80", "http://u:p@x", "http://x y", "http://x\n"}) {
    EXPECT_FALSE(parse_web_url(text)) << text;
  }
}

TEST(WebUrl, shows_urls_without_passwords) {
  EXPECT_EQ(without_userinfo("redis://u:p@h:1/0"), "redis://[redacted]@h:1/0");
  EXPECT_EQ(without_userinfo("redis://:p@@h"), "redis://[redacted]@h");
  EXPECT_EQ(without_userinfo("redis://h:1"), "redis://h:1");
  EXPECT_EQ(authority("::1", 5), "[::1]:5");
  EXPECT_EQ(authority("h", 5), "h:5");
}

}  // namespace
}  // namespace hawser
