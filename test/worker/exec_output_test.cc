#include "worker/exec_output.h"

#include <gtest/gtest.h>

namespace hawser::worker {
namespace {

using Stream = ExecOutput::Stream;
constexpr TimePoint kNow{std::chrono::seconds(100)};

std::string chunk(std::string_view stream, std::string_view text) {
  return R"({"stream":")" + std::string(stream) + R"(","text":")" + std::string(text) + R"("})";
}

TEST(ExecOutput, gathers_for_a_moment) {
  ExecOutput output;
  EXPECT_FALSE(output.due());
  EXPECT_FALSE(output.add(Stream::out, "a", kNow));
  EXPECT_FALSE(output.add(Stream::out, "b", kNow + Millis(30)));
  EXPECT_EQ(output.due(), kNow + ExecOutput::kMaxDelay);
  EXPECT_EQ(output.take(), chunk("stdout", "ab"));
  EXPECT_FALSE(output.due());
  EXPECT_FALSE(output.take());
}

TEST(ExecOutput, a_full_chunk_is_due_at_once) {
  ExecOutput output;
  output.add(Stream::out, std::string(ExecOutput::kMaxBytes, 'x'), kNow);
  EXPECT_EQ(output.due(), kNow);
}

TEST(ExecOutput, never_mixes_the_streams) {
  ExecOutput output;
  EXPECT_FALSE(output.add(Stream::out, "a", kNow));
  EXPECT_EQ(output.add(Stream::err, "b", kNow), chunk("stdout", "a"));
  EXPECT_EQ(output.add(Stream::out, "c", kNow), chunk("stderr", "b"));
  EXPECT_EQ(output.take(), chunk("stdout", "c"));
}

TEST(ExecOutput, joins_characters_that_reads_have_split) {
  const std::string text = "aß€😀z";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ExecOutput output;
    std::string seen;
    for (const auto& piece : {text.substr(0, cut), text.substr(cut)}) {
      output.add(Stream::out, piece, kNow);
      seen += output.take().value_or("");
    }
    EXPECT_FALSE(output.end(Stream::out, kNow));
    EXPECT_FALSE(output.take());
    EXPECT_EQ(seen.find("\xef\xbf\xbd"), std::string::npos) << "cut at " << cut;
    for (const auto* character : {"ß", "€", "😀"}) EXPECT_NE(seen.find(character), std::string::npos) << cut;
  }
}

TEST(ExecOutput, keeps_split_characters_of_both_streams_apart) {
  ExecOutput output;
  output.add(Stream::out, "\xe2\x82", kNow);
  output.add(Stream::err, "\xc3", kNow);
  EXPECT_FALSE(output.take());
  output.add(Stream::out, "\xac", kNow);
  EXPECT_EQ(output.add(Stream::err, "\x9f", kNow), chunk("stdout", "€"));
  EXPECT_EQ(output.take(), chunk("stderr", "ß"));
}

TEST(ExecOutput, invalid_bytes_become_replacement_characters) {
  ExecOutput output;
  output.add(Stream::out,
             "a\xff"
             "b\x80"
             "c\xe2\x82",
             kNow);
  EXPECT_EQ(output.take(), chunk("stdout",
                                 "a\xef\xbf\xbd"
                                 "b\xef\xbf\xbd"
                                 "c"));
  output.end(Stream::out, kNow);
  const auto last = output.take();
  ASSERT_TRUE(last);
  EXPECT_NE(last->find("\xef\xbf\xbd"), std::string::npos);
}

TEST(UnfinishedUtf8, counts_what_may_still_be_completed) {
  struct Row {
    std::string text;
    std::size_t unfinished;
  };
  const Row rows[] = {
      {"", 0},
      {"a", 0},
      {"\xc3", 1},
      {"\xe2\x82", 2},
      {"\xf0\x9f\x98", 3},
      {"\xe0", 1},
      {"\xe0\x80", 0},
      {"\xed", 1},
      {"\xed\xa0", 0},
      {"\xed\x9f", 2},
      {"\xf0", 1},
      {"\xf0\x80", 0},
      {"\xf4", 1},
      {"\xf4\x90", 0},
      {"\xf4\x8f\xbf", 3},
      {"\xc3\x9f", 0},
      {"\x80", 0},
      {"\xc1", 0},
      {"\xff", 0},
      {"a\xe2", 1},
      {"\xe2\x82\xac", 0},
  };
  for (const auto& row : rows)
    EXPECT_EQ(unfinished_utf8(row.text), row.unfinished) << testing::PrintToString(row.text);
}

}  // namespace
}  // namespace hawser::worker
