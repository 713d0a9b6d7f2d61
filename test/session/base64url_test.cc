#include "session/base64url.h"

#include <gtest/gtest.h>

namespace hawser::session {
namespace {

TEST(Base64Url, encodes_the_vectors_of_rfc_4648) {
  EXPECT_EQ(base64url_encode(""), "");
  EXPECT_EQ(base64url_encode("f"), "Zg");
  EXPECT_EQ(base64url_encode("fo"), "Zm8");
  EXPECT_EQ(base64url_encode("foo"), "Zm9v");
  EXPECT_EQ(base64url_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
}

TEST(Base64Url, decodes_what_it_encoded_for_every_byte_and_length) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Base64Url, refuses_everything_that_is_not_the_one_canonical_text) {
  for (const std::string_view text :
       {"Zg==", "Zm8=", "Z", "Zm9vY", "Zm 9", "Zm9\n", "+_8", "-/8", "Zh", "Zm9", "Zg."}) {
    EXPECT_FALSE(base64url_decode(text)) << text;
  }
  EXPECT_FALSE(base64url_decode(std::string_view("Zm\0v", 4)));
}

}  // namespace
}  // namespace hawser::session
