#include "server/http_routes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "runtime/system.h"

namespace hawser::server {
namespace {

class HttpRoutes : public testing::Test {
 protected:
  net::HttpResponse get(const std::string& path, const std::string& method = "GET") {
    if (!routes_)
      routes_ = http_routes(runtime::system_clock(), readiness_, [this] { return writable_; }, files_,
                            {metrics_readers_, [] { return std::string("a 1\n"); }});
    net::HttpRequest request;
    request.method = method;
    request.path = path;
    request.remote_address = remote_address_;
    request.forwarded = forwarded_;
    return routes_(request);
  }

  Readiness readiness_;
  bool writable_ = true;
  MetricsPage::Readers metrics_readers_ = MetricsPage::Readers::loopback;
  std::string remote_address_ = "127.0.0.1";
  bool forwarded_ = false;
  StaticFiles files_;
  net::HttpRoutes routes_;
};

TEST_F(HttpRoutes, health_has_the_three_fields_of_the_original_and_is_always_ok) {
  const auto response = get("/health");
  EXPECT_EQ(response.status, 200);
  const auto body = json::validate(*response.body).value();
  EXPECT_EQ(body.find("status")->as_string(), "ok");
  EXPECT_TRUE(body.find("uptime")->as_number());
  EXPECT_EQ(body.find("redis")->as_string(), "disabled");
}

TEST_F(HttpRoutes, ready_says_why_not) {
  EXPECT_EQ(*get("/ready").body, R"({"ready":false,"reason":"starting"})");
  readiness_.serving = true;
  EXPECT_EQ(get("/ready").status, 200);
  writable_ = false;
  EXPECT_EQ(*get("/ready").body, R"({"ready":false,"reason":"storage_full"})");
  readiness_.draining = true;
  EXPECT_EQ(*get("/ready").body, R"({"ready":false,"reason":"draining"})");
  EXPECT_EQ(get("/ready").status, 503);
  EXPECT_EQ(get("/health").status, 200);
}

TEST_F(HttpRoutes, shows_metrics_to_this_machine_only_unless_told_otherwise) {
  EXPECT_EQ(get("/metrics").status, 200);
  EXPECT_EQ(*get("/metrics").body, "a 1\n");
  EXPECT_EQ(get("/metrics").content_type, "text/plain; version=0.0.4; charset=utf-8");
  forwarded_ = true;  // A proxy on this machine speaks for somebody.
  EXPECT_EQ(get("/metrics").status, 404);
  forwarded_ = false;
  for (const auto* address : {"::1", "127.0.0.9"}) {
    remote_address_ = address;
    EXPECT_EQ(get("/metrics").status, 200) << address;
  }
  for (const auto* address : {"10.0.0.1", "2001:db8::1", "localhost.evil.example", ""}) {
    remote_address_ = address;
    EXPECT_EQ(get("/metrics").status, 404) << address;
  }
  remote_address_ = "10.0.0.1";
  metrics_readers_ = MetricsPage::Readers::all;
  routes_ = {};
  EXPECT_EQ(get("/metrics").status, 200);
  metrics_readers_ = MetricsPage::Readers::none;
  remote_address_ = "127.0.0.1";
  routes_ = {};
  EXPECT_EQ(get("/metrics").status, 404);
}

TEST_F(HttpRoutes, unknown_paths_and_methods_are_refused) {
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(get("/../etc/passwd").status, 404);
  EXPECT_EQ(get("/health", "POST").status, 405);
}

TEST_F(HttpRoutes, serves_the_page_with_a_strict_policy) {
  const auto root = std::filesystem::path(testing::TempDir()) / "hawser_static";
  std::filesystem::create_directories(root / "assets");
  std::ofstream(root / "index.html") << "<!doctype html>";
  std::ofstream(root / "assets" / "a-1.js") << "1";
  files_ = StaticFiles::load(root.string()).value();
  const auto page = get("/");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(*page.body, "<!doctype html>");
  const auto has = [](const net::HttpResponse& response, const std::string& value) {
    for (const auto& [name, text] : response.headers) {
      if (text.find(value) != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(has(page, "default-src 'self'"));
  EXPECT_TRUE(has(page, "no-cache"));
  EXPECT_TRUE(has(get("/assets/a-1.js"), "immutable"));
  std::filesystem::remove_all(root);
}

TEST(StaticFiles, a_missing_directory_is_a_clear_error) {
  const auto files = StaticFiles::load("/does/not/exist");
  ASSERT_FALSE(files);
  EXPECT_NE(files.error().message.find("/does/not/exist"), std::string::npos);
}

}  // namespace
}  // namespace hawser::server
