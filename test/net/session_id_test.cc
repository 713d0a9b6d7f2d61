#include "net/session_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "runtime/system.h"

namespace hawser::net {
namespace {

TEST(SessionId, is_twenty_url_safe_characters_that_name_their_core) {
  for (const std::size_t core :
       {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64}, kMaxCores - 1}) {
    const auto sid = make_sid(runtime::system_random(), core);
    EXPECT_EQ(sid.size(), kSidSize);
    EXPECT_EQ(core_of_sid(sid), core);
  }
}

TEST(SessionId, does_not_repeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(make_sid(runtime::system_random(), 0));
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(SessionId, recognises_what_is_none) {
  for (const std::string sid :
       {"", "__proto__", "constructor", "AAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAA+", "AAAAAAAAAAAAAAAAAAA ", "AAAAAAAAAAAAAAAAAA\xc3\xa4"}) {
    EXPECT_EQ(core_of_sid(sid), std::nullopt) << sid;
  }
  EXPECT_EQ(core_of_sid(std::string(10'000'000, 'A')), std::nullopt);
}

}  // namespace
}  // namespace hawser::net
