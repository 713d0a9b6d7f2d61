#include "worker/handlers.h"

#include <gtest/gtest.h>

#include "runtime/system.h"
#include "test/worker/recording_context.h"

namespace hawser::worker {
namespace {

TEST(Handlers, types_without_configuration_refuse_with_the_key_to_set) {
  const std::map<std::string_view, std::string_view> keys = {
      {"search", "search.folder"}, {"exec", "exec.commands"}, {"llm", "llm.base_url"}};
  std::size_t refused = 0;
  for (const auto& handler : make_handlers({}, runtime::system_clock())) {
    const auto status = handler->validate("{}");
    if (handler->type() == "test-job") {
      EXPECT_TRUE(status);
      continue;
    }
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::unknown_type);
    EXPECT_NE(status.error().message.find(keys.at(handler->type())), std::string::npos)
        << status.error().message;
    RecordingContext left_over("{}");
    EXPECT_EQ(handler->run(left_over).error.message, status.error().message);
    EXPECT_TRUE(handler->plan("{}", {}).refuse);
    ++refused;
  }
  EXPECT_EQ(refused, keys.size());
}

TEST(Handlers, configured_types_check_their_input) {
  HandlerOptions options;
  options.exec.commands["list"].argv = {"ls"};
  options.llm.base_url = "http://127.0.0.1:9/v1";
  for (const auto& handler : make_handlers(options, runtime::system_clock())) {
    if (handler->type() != "exec" && handler->type() != "llm") continue;
    EXPECT_EQ(handler->validate("{}").error().code, Errc::bad_request) << handler->type();
  }
}

}  // namespace
}  // namespace hawser::worker
