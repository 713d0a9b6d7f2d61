#include "worker/sse_parser.h"

#include <gtest/gtest.h>

namespace hawser::worker {
namespace {

struct Row {
  const char* name;
  std::string stream;
  std::vector<std::string> events;  ///< "type|data"
};

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
      {"one event", "data: a\n\n", {"|a"}},
      {"no space behind the colon", "data:a\n\n", {"|a"}},
      {"only one space is dropped", "data:  a\n\n", {"| a"}},
      {"several data lines", "data: a\ndata: b\ndata\n\n", {"|a\nb\n"}},
      {"carriage returns", "data: a\r\rdata: b\r\r", {"|a", "|b"}},
      {"both line ends", "data: a\r\n\r\ndata: b\r\n\r\n", {"|a", "|b"}},
      {"comments", ": keep-alive\n\ndata: a\n: more\ndata: b\n\n", {"|a\nb"}},
      {"typed", "event: error\ndata: {}\n\ndata: b\n\n", {"error|{}", "|b"}},
      {"a type without data is no event", "event: ping\n\ndata: b\n\n", {"|b"}},
      {"id, retry and unknown fields", "id: 1\nretry: 5\nfoo: x\ndata: a\n\n", {"|a"}},
      {"empty data", "data:\n\n", {"|"}},
      {"byte order mark",
       "\xef\xbb\xbf"
       "data: a\n\n",
       {"|a"}},
      {"unfinished event is not dispatched", "data: a\n\ndata: b\n", {"|a"}},
  };
  return table;
}

std::vector<std::string> parse(const std::string& stream, std::size_t cut) {
  SseParser parser;
  std::vector<SseEvent> events;
  EXPECT_TRUE(parser.feed(std::string_view(stream).substr(0, cut), events));
  EXPECT_TRUE(parser.feed(std::string_view(stream).substr(cut), events));
  std::vector<std::string> printed;
  for (const auto& event : events) printed.push_back(event.type + "|" + event.data);
  return printed;
}

TEST(SseParser, gives_the_same_events_wherever_the_stream_is_cut) {
  for (const auto& row : rows()) {
    for (std::size_t cut = 0; cut <= row.stream.size(); ++cut) {
      EXPECT_EQ(parse(row.stream, cut), row.events) << row.name << ", cut at " << cut;
    }
  }
}

TEST(SseParser, refuses_an_event_that_is_too_large) {
  SseParser parser;
  std::vector<SseEvent> events;
  const std::string line = "data: " + std::string(64 * 1024, 'x') + "\n";
  Status status;
  for (int i = 0; i < 20 && status; ++i) status = parser.feed(line, events);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::upstream_failed);
}

}  // namespace
}  // namespace hawser::worker
