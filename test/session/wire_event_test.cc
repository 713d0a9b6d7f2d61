#include "session/wire_event.h"

#include <gtest/gtest.h>

#include <string>

namespace hawser::session {
namespace {

using job::EventKind;

struct Example {
  EventKind kind;
  const char* stored;
  const char* partial;
  bool truncated;
  const char* name;
  const char* payload;
};

/// Names the case in reports.
void PrintTo(const Example& example, std::ostream* out) {
  *out << example.name << " of " << example.stored;
}

class WireEvents : public testing::TestWithParam<Example> {};

TEST_P(WireEvents, have_the_body_of_the_original) {
  const auto& example = GetParam();
  job::Event event;
  event.job = JobId::make(1, {});
  event.type = std::make_shared<const std::string>("search");
  event.kind = example.kind;
  event.sequence = 5;
  event.timestamp = 1'700'000'000'123;
  event.payload = share(example.stored);
  if (example.partial != nullptr) event.partial_output = share(example.partial);
  event.partial_output_truncated = example.truncated;
  EXPECT_EQ(*encode_event(event, ""), std::string("2[\"") + example.name +
                                          R"(",{"jobId":"job_00000000000170008000000000000000","payload":)" +
                                          example.payload + R"(,"sequence":5,"timestamp":1700000000123}])");
}

INSTANTIATE_TEST_SUITE_P(
    EachKind, WireEvents,
    testing::Values(
        Example{EventKind::started, R"({"q":"\ud800"})", nullptr, false, "job:started",
                R"({"type":"search","input":{"q":"\ud800"}})"},
        Example{EventKind::chunk, R"([1,"x"])", nullptr, false, "job:chunk", R"({"chunk":[1,"x"]})"},
        Example{EventKind::progress, R"({"current":1,"total":4,"percentage":25})", nullptr, false,
                "job:progress", R"({"progress":{"current":1,"total":4,"percentage":25}})"},
        Example{EventKind::checkpoint, R"({"secret":1})", "[1,2]", false, "job:checkpoint",
                R"({"checkpoint":{"jobId":"job_00000000000170008000000000000000","sequence":4,)"
                R"("partialOutput":[1,2],"timestamp":1700000000123}})"},
        Example{EventKind::checkpoint, "{}", "[]", true, "job:checkpoint",
                R"({"checkpoint":{"jobId":"job_00000000000170008000000000000000","sequence":4,)"
                R"("partialOutput":[],"timestamp":1700000000123,"partialOutputTruncated":true}})"},
        Example{EventKind::resumed, R"({"attempt":2,"keepThrough":3})", nullptr, false, "job:resumed",
                R"({"attempt":2,"keepThrough":3})"},
        Example{EventKind::completed, R"({"hits":3})", nullptr, false, "job:completed",
                R"({"result":{"hits":3}})"},
        Example{EventKind::failed, R"({"error":"no","code":"timeout"})", R"(["a"])", false, "job:failed",
                R"({"error":"no","code":"timeout","partialOutput":["a"]})"},
        Example{EventKind::failed, R"({"error":"no","code":"timeout"})", "[]", true, "job:failed",
                R"({"error":"no","code":"timeout","partialOutput":[],"partialOutputTruncated":true})"},
        Example{EventKind::cancelled, R"({"reason":"bored"})", nullptr, false, "job:cancelled",
                R"({"reason":"bored"})"},
        Example{EventKind::cancelled, "{}", nullptr, false, "job:cancelled", "{}"}));

}  // namespace
}  // namespace hawser::session
