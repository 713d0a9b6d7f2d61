// What stands on the command line: input, durations, connection settings, tokens.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/limits.h"
#include "cli/commands.h"
#include "cli/config_flags.h"
#include "cli/connection_flags.h"
#include "cli/duration.h"
#include "cli/job_input.h"
#include "runtime/system.h"
#include "server/secrets.h"

namespace hawser::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class ArgumentsTest : public testing::Test {
 protected:
  ArgumentsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-cli-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    environment_["HAWSER_DATA_DIR"] = directory_.string();
  }
  ~ArgumentsTest() override { std::filesystem::remove_all(directory_); }

  Result<remote::Client::Options> connect(const std::string& url, const std::string& token) const {
    return connection_options({.url = url, .token = token, .config = std::make_shared<ConfigFlags>()},
                              environment_, runtime::system_clock());
  }

  /// Runs a whole command line; its output goes to the test's own.
  static int run(std::vector<std::string> words) {
    words.insert(words.begin(), "hawser");
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    return run_command_line(static_cast<int>(argv.size()), argv.data());
  }

  std::filesystem::path directory_;
  std::map<std::string, std::string> environment_;
};

TEST_F(ArgumentsTest, input_is_json_a_file_or_standard_input) {
  const auto path = (directory_ / "in.json").string();
  std::ofstream(path) << " {\"b\": 2}\n";
  std::istringstream standard_input("[3]");
  EXPECT_EQ(read_job_input(R"({"a":1})", standard_input).value(), R"({"a":1})");
  EXPECT_EQ(read_job_input("@" + path, standard_input).value(), R"({"b": 2})");
  EXPECT_EQ(read_job_input("-", standard_input).value(), "[3]");
}

TEST_F(ArgumentsTest, input_that_is_no_json_or_too_large_is_refused_by_its_source) {
  std::istringstream empty;
  const std::string large = "\"" + std::string(limits::kMaxInputBytes, 'x') + "\"";
  EXPECT_THAT(read_job_input("{", empty).error().message, HasSubstr("(--input) is not JSON"));
  EXPECT_THAT(read_job_input("-", empty).error().message, HasSubstr("(standard input) is not JSON"));
  EXPECT_THAT(read_job_input("@/nowhere", empty).error().message, HasSubstr("(/nowhere) cannot be read"));
  EXPECT_THAT(read_job_input(large, empty).error().message, HasSubstr("is larger than"));
}

TEST_F(ArgumentsTest, durations_have_a_unit) {
  EXPECT_EQ(parse_duration("90s"), Millis(90'000));
  EXPECT_EQ(parse_duration("15m"), Millis(900'000));
  EXPECT_EQ(parse_duration("1h"), Millis(3'600'000));
  EXPECT_EQ(parse_duration("7d"), Millis(604'800'000));
  for (const char* text : {"", "h", "1", "0s", "-1s", "1.5h", "1 h", "1w", "99999999d", "1hh"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST_F(ArgumentsTest, flags_are_stronger_than_the_environment) {
  environment_["HAWSER_URL"] = "http://env.example:1";
  environment_["HAWSER_TOKEN"] = "env-token";
  EXPECT_EQ(connect("", "")->url.host, "env.example");
  EXPECT_EQ(connect("", "")->token, "env-token");
  EXPECT_EQ(connect("https://flag.example", "flag-token")->url.host, "flag.example");
  EXPECT_EQ(connect("https://flag.example", "flag-token")->token, "flag-token");
}

TEST_F(ArgumentsTest, a_local_dev_server_needs_no_token) {
  const auto secret = server::load_or_create_secret(directory_.string(), runtime::system_random());
  const auto options = connect("", "");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->url.port, 3000);
  const auto authenticator = session::Authenticator::make(session::Algorithm::hs256, *secret);
  const auto identity = authenticator->verify(options->token, runtime::system_clock().wall_now());
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->user, "dev");
}

TEST_F(ArgumentsTest, without_any_secret_it_says_how_to_get_a_token) {
  const auto local = connect("", "");
  ASSERT_FALSE(local);
  EXPECT_EQ(exit_code_for(local.error().code), ExitCode::no_access);
  EXPECT_THAT(local.error().message, HasSubstr("HAWSER_TOKEN"));
  // A local secret is never used for a server elsewhere.
  ASSERT_TRUE(server::load_or_create_secret(directory_.string(), runtime::system_random()));
  EXPECT_THAT(connect("https://jobs.example", "").error().message, HasSubstr("hawser token"));
}

TEST_F(ArgumentsTest, bad_urls_are_refused) {
  for (const char* url : {"x", "http://h/path", "http://u:hunter2@h"}) {
    const auto options = connect(url, "t");
    ASSERT_FALSE(options) << url;
    EXPECT_EQ(options.error().code, Errc::config);
    EXPECT_THAT(options.error().message, Not(HasSubstr("hunter2")));
  }
}

TEST_F(ArgumentsTest, every_command_has_help_and_mistakes_are_usage_errors) {
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_EQ(run({"--version"}), 0);
  for (const char* command : {"serve", "run", "watch", "cancel", "token", "doctor"}) {
    EXPECT_EQ(run({command, "--help"}), 0) << command;
    EXPECT_EQ(run({command, "--no-such-flag"}), 2) << command;
  }
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"fly"}), 2);
  EXPECT_EQ(run({"run"}), 2);
  EXPECT_EQ(run({"run", "test-job", "--input", "{", "--token", "t"}), 2);
  EXPECT_EQ(run({"watch", "nonsense", "--token", "t"}), 2);
  EXPECT_EQ(run({"cancel", "nonsense", "--token", "t"}), 2);
  EXPECT_EQ(run({"token", "--user", "a", "--expires", "soon"}), 2);
  EXPECT_EQ(run({"serve", "--config", "/nowhere.toml"}), 2);
  EXPECT_EQ(run({"run", "test-job", "--token", "t", "--url", "http://127.0.0.1:1"}), 4);
}

TEST_F(ArgumentsTest, a_token_is_minted_from_the_dev_secret) {
  ASSERT_TRUE(server::load_or_create_secret(directory_.string(), runtime::system_random()));
  EXPECT_EQ(run({"token", "--user", "ann", "--data-dir", directory_.string()}), 0);
  EXPECT_EQ(run({"token", "--user", "ann", "--data-dir", (directory_ / "none").string()}), 4);
  EXPECT_EQ(run({"token", "--user", "a\nb", "--data-dir", directory_.string()}), 2);
}

}  // namespace
}  // namespace hawser::cli
