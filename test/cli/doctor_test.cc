#include "cli/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>

#include "fake_server.h"
#include "store/directory_lock.h"
#include "store/rocksdb_job_store.h"
#include "test/support/tls_certificate.h"

namespace hawser::cli {
namespace {

using boost::asio::ip::tcp;
using testing::HasSubstr;

class DoctorTest : public testing::Test {
 protected:
  DoctorTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-doctor-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    config_.server.data_dir = directory_.string();
    config_.server.host = "127.0.0.1";
    config_.store.reserve_bytes = 0;
  }
  ~DoctorTest() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
  server::Config config_;
};

/// Answers one HTTP request with `body`.
void answer(tcp::socket socket, const std::string& body) {
  boost::asio::streambuf request;
  boost::system::error_code ignored;
  boost::asio::read_until(socket, request, "\r\n\r\n", ignored);
  boost::asio::write(socket, boost::asio::buffer("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body),
                     ignored);
}

TEST_F(DoctorTest, a_fresh_directory_is_fine) {
  EXPECT_EQ(check_data_directory(config_).verdict, Verdict::ok);
  EXPECT_EQ(check_store(config_).text, "empty: made at the first start");
  EXPECT_EQ(check_free_space(config_).verdict, Verdict::ok);
  config_.server.data_dir = (directory_ / "a" / "b").string();
  EXPECT_THAT(check_data_directory(config_).text, HasSubstr("will be made"));
  EXPECT_EQ(check_free_space(config_).verdict, Verdict::ok);
  EXPECT_FALSE(std::filesystem::exists(config_.server.data_dir)) << "looking makes nothing";
}

TEST_F(DoctorTest, a_directory_held_by_a_server_is_fine_and_names_it) {
  const auto lock = store::DirectoryLock::acquire(config_.server.data_dir);
  ASSERT_TRUE(lock);
  const auto finding = check_data_directory(config_);
  EXPECT_EQ(finding.verdict, Verdict::ok);
  EXPECT_THAT(finding.text, HasSubstr(std::to_string(getpid())));
}

TEST_F(DoctorTest, an_existing_store_is_looked_through) {
  {
    store::RocksDbOptions options;
    options.directory = config_.server.data_dir;
    ASSERT_TRUE(store::RocksDbJobStore::open(std::move(options)));
  }
  const auto finding = check_store(config_);
  EXPECT_EQ(finding.verdict, Verdict::ok);
  EXPECT_EQ(finding.text, "its log and its index are sound");
}

TEST_F(DoctorTest, too_little_space_fails) {
  config_.store.reserve_bytes = ~0ULL;
  EXPECT_EQ(check_free_space(config_).verdict, Verdict::failure);
}

TEST_F(DoctorTest, secrets_are_judged) {
  EXPECT_EQ(check_secret(config_).verdict, Verdict::warning);
  config_.auth.secret = "changeme";
  EXPECT_EQ(check_secret(config_).verdict, Verdict::failure);
  config_.auth.secret = "q7Xl0vNw3uJt5rYb8cDe2fGh4iKm6oPs9zAaBbCcDd";
  EXPECT_EQ(check_secret(config_).verdict, Verdict::ok);
}

TEST_F(DoctorTest, certificates_are_judged) {
  EXPECT_EQ(check_tls(config_).text, "not set: plain HTTP");
  const test::TlsCertificate two_days;
  config_.server.tls_cert_file = two_days.certificate_file();
  config_.server.tls_key_file = two_days.key_file();
  EXPECT_EQ(check_tls(config_).verdict, Verdict::warning);
  EXPECT_THAT(check_tls(config_).text, HasSubstr("renew it"));
  const test::TlsCertificate longer("longer", "-days 60");
  config_.server.tls_cert_file = longer.certificate_file();
  EXPECT_THAT(check_tls(config_).text, HasSubstr("does not belong to the certificate"));
  config_.server.tls_key_file = longer.key_file();
  EXPECT_EQ(check_tls(config_).verdict, Verdict::ok);
  std::filesystem::permissions(longer.key_file(), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(check_tls(config_).verdict, Verdict::failure);
}

TEST_F(DoctorTest, the_port_may_be_free_ours_or_somebody_elses) {
  {
    FakeServer healthy(2, [](tcp::socket socket, int index) {
      if (index == 1) answer(std::move(socket), R"({"status":"ok","uptime":1.5,"redis":"disabled"})");
    });
    config_.server.port = healthy.port();
    EXPECT_THAT(check_port(config_).text, HasSubstr("a Hawser is healthy"));
  }
  EXPECT_THAT(check_port(config_).text, HasSubstr("is free"));
  FakeServer other(2, [](tcp::socket socket, int index) {
    if (index == 1) answer(std::move(socket), "<html>");
  });
  config_.server.port = other.port();
  EXPECT_EQ(check_port(config_).verdict, Verdict::failure);
}

TEST_F(DoctorTest, folders_and_endpoints_that_are_not_there_fail) {
  EXPECT_EQ(check_search_folder(config_).verdict, Verdict::ok);
  config_.search.folder = directory_.string();
  EXPECT_EQ(check_search_folder(config_).verdict, Verdict::ok);
  config_.search.folder = "/nowhere";
  EXPECT_EQ(check_search_folder(config_).verdict, Verdict::failure);

  EXPECT_EQ(check_llm(config_).verdict, Verdict::ok);
  config_.llm.base_url = "http://127.0.0.1:1/v1";
  EXPECT_EQ(check_llm(config_).verdict, Verdict::failure);

  EXPECT_EQ(check_redis(config_).verdict, Verdict::ok);
  config_.redis.url = "redis://:hunter2@127.0.0.1:1";
  const auto redis = check_redis(config_);
  EXPECT_EQ(redis.verdict, Verdict::failure);
  EXPECT_THAT(redis.text, testing::Not(HasSubstr("hunter2")));
}

TEST_F(DoctorTest, one_failure_fails_the_whole) {
  EXPECT_FALSE(has_failure({{Verdict::ok, "a", "b"}, {Verdict::warning, "a", "b"}}));
  EXPECT_TRUE(has_failure({{Verdict::ok, "a", "b"}, {Verdict::failure, "a", "b"}}));
  EXPECT_EQ(to_line({Verdict::failure, "port", "taken"}), "FAIL  port            taken");
}

}  // namespace
}  // namespace hawser::cli
