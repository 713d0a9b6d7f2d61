#include "session/stream_offset.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"

namespace hawser::session {
namespace {

JobId job(std::int64_t number) {
  return JobId::make(number, {});
}

TEST(StreamOffsetText, round_trips) {
  const StreamOffset plain{.position = 42, .listed = {}};
  EXPECT_EQ(format_offset("aB-_", plain), "aB-_.42");
  EXPECT_EQ(parse_offset("aB-_", "aB-_.42"), plain);
  const StreamOffset with_jobs{.position = 7, .listed = {{job(1), 3}, {job(2), 18'446'744'073'709'551'615U}}};
  const auto text = format_offset("x", with_jobs);
  EXPECT_EQ(text, "x.7;" + job(1).to_string() + ":3;" + job(2).to_string() + ":18446744073709551615");
  EXPECT_EQ(parse_offset("x", text), with_jobs);
}

TEST(StreamOffsetText, says_nothing_about_another_incarnation) {
  EXPECT_FALSE(parse_offset("new", "old.42"));
  EXPECT_FALSE(parse_offset("new", "newer.42"));
}

TEST(StreamOffsetText, of_a_client_may_be_anything) {
  const auto listed = ";" + job(1).to_string() + ":3";
  const std::vector<std::string> texts = {"",
                                          "x",
                                          "x.",
                                          "x.-1",
                                          "x.+1",
                                          "x. 1",
                                          "x.1.5",
                                          "x.1a",
                                          "x.18446744073709551616",
                                          "x.1" + listed + listed,
                                          "x.1" + listed + ";",
                                          "x.1;job_1:3",
                                          "x.1" + listed.substr(0, listed.size() - 1),
                                          "x.1" + listed + "x",
                                          "x.1;:3",
                                          std::string("x.1\0", 4)};
  for (const auto& text : texts) {
    EXPECT_FALSE(parse_offset("x", text)) << text;
  }
}

TEST(StreamOffsetText, lists_at_most_what_a_socket_may_replay) {
  StreamOffset offset{.position = 1, .listed = {}};
  for (std::size_t i = 0; i < limits::kMaxCatchUps; ++i) {
    offset.listed.push_back({job(static_cast<std::int64_t>(i)), 1});
  }
  EXPECT_EQ(parse_offset("x", format_offset("x", offset)), offset);
  offset.listed.push_back({job(1'000'000), 1});
  EXPECT_FALSE(parse_offset("x", format_offset("x", offset)));
}

}  // namespace
}  // namespace hawser::session
