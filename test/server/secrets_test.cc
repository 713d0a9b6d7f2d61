#include "server/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "runtime/system.h"

namespace hawser::server {
namespace {

using testing::HasSubstr;

class SecretsTest : public testing::Test {
 protected:
  SecretsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-secret-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~SecretsTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& text, mode_t mode) const {
    const auto path = (directory_ / "file").string();
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  Random& random_ = runtime::system_random();
  std::filesystem::path directory_;
};

TEST_F(SecretsTest, a_dev_secret_is_made_once_kept_private_and_found_again) {
  const auto data_dir = (directory_ / "a" / "b").string();
  EXPECT_EQ(load_dev_secret(data_dir).error().code, Errc::not_found);
  const auto made = load_or_create_secret(data_dir, random_);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->size(), 64U);
  EXPECT_EQ(load_or_create_secret(data_dir, random_).value(), *made);
  EXPECT_EQ(load_dev_secret(data_dir).value(), *made);

  struct stat info {};
  ASSERT_EQ(stat(dev_secret_path(data_dir).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto files = std::distance(std::filesystem::directory_iterator(data_dir), {});
  EXPECT_EQ(files, 1) << "no draft is left";
}

TEST_F(SecretsTest, a_dev_secret_fits_every_hmac_algorithm_and_keeps_tokens_valid) {
  Config config;
  config.server.dev = true;
  config.server.data_dir = directory_.string();
  for (const char* algorithm : {"HS256", "HS384", "HS512"}) {
    config.auth.algorithm = algorithm;
    const auto before = make_authenticator(config, random_);
    ASSERT_TRUE(before) << before.error().message;
    const auto token = before->mint("ann", 1000, {});
    EXPECT_EQ(make_authenticator(config, random_)->verify(*token, 1000)->user, "ann");
  }
}

TEST_F(SecretsTest, an_existing_secret_that_others_can_read_is_refused) {
  const auto path = write("q7Xl0vNw3uJt5rYb8cDe2fGh4iKm6oPs9zAaBbCcDd\n", 0644);
  const auto secret = read_secret_file(path, "auth.secret_file");
  ASSERT_FALSE(secret);
  EXPECT_EQ(
      secret.error().message,
      "auth.secret_file: " + path + " can be read by others on this machine; run: chmod 600 " + path + ".");
}

TEST_F(SecretsTest, line_ends_are_no_part_of_a_secret) {
  EXPECT_EQ(read_secret_file(write("abc\r\n", 0600), "k").value(), "abc");
  EXPECT_EQ(read_secret_file(write(" a b ", 0600), "k").value(), " a b ");
}

TEST_F(SecretsTest, files_that_hold_no_secret_are_named) {
  EXPECT_THAT(read_secret_file("/nowhere/s", "auth.secret_file").error().message, HasSubstr("/nowhere/s"));
  EXPECT_THAT(read_secret_file(directory_.string(), "k").error().message, HasSubstr("is not a file"));
  EXPECT_THAT(read_secret_file(write("\n", 0600), "k").error().message, HasSubstr("is empty"));
  EXPECT_THAT(read_secret_file(write(std::string(70'000, 'x'), 0600), "k").error().message,
              HasSubstr("too large"));
}

TEST_F(SecretsTest, without_a_key_and_without_dev_there_is_no_server) {
  Config config;
  const auto made = make_authenticator(config, random_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::config);
  EXPECT_THAT(made.error().message, HasSubstr("JWT_SECRET"));
  config.auth.secret = "your-secret-key-change-in-production";
  EXPECT_THAT(make_authenticator(config, random_).error().message, HasSubstr("well-known sample"));
}

TEST_F(SecretsTest, a_configured_secret_is_used_even_with_dev) {
  Config config;
  config.server.dev = true;
  config.server.data_dir = (directory_ / "none").string();
  config.auth.secret_file = write("q7Xl0vNw3uJt5rYb8cDe2fGh4iKm6oPs9zAaBbCcDd\n", 0600);
  EXPECT_TRUE(make_authenticator(config, random_));
  EXPECT_FALSE(std::filesystem::exists(config.server.data_dir));
}

}  // namespace
}  // namespace hawser::server
