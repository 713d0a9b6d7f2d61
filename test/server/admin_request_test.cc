#include "server/admin_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// What administrators may ask for, and that everything else is refused by name.
namespace hawser::server::admin {
namespace {

using ::testing::HasSubstr;

const std::string kId = "job_01900000000070008000000000000000";

net::HttpRequest request(std::string method, std::string path, std::string query = "") {
  net::HttpRequest result;
  result.method = std::move(method);
  result.path = std::move(path);
  result.query = std::move(query);
  return result;
}

template <class Wanted>
std::optional<Wanted> read_as(const net::HttpRequest& request) {
  const auto read = read_request(request);
  if (!read || !*read || !std::holds_alternative<Wanted>(**read)) return std::nullopt;
  return std::get<Wanted>(**read);
}

std::string error_of(const net::HttpRequest& request) {
  const auto read = read_request(request);
  if (read) return *read ? "accepted" : "no such path";
  EXPECT_EQ(read.error().code, Errc::bad_request);
  return read.error().message;
}

TEST(AdminRequest, a_list_takes_filters_a_cursor_and_a_limit) {
  const auto list = read_as<ListJobs>(
      request("GET", "/admin/jobs", "state=failed&type=a%26b&user=ann+b&limit=7&after=" + kId));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->filter.state, job::JobState::failed);
  EXPECT_FALSE(list->filter.dead);
  EXPECT_EQ(list->filter.type, "a&b");
  EXPECT_EQ(list->filter.owner, "ann b");
  EXPECT_EQ(list->limit, 7U);
  EXPECT_EQ(list->after, JobId::parse(kId));
  const auto plain = read_as<ListJobs>(request("GET", "/admin/jobs"));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->filter.state, std::nullopt);
  EXPECT_GT(plain->limit, 0U);
  EXPECT_TRUE(read_as<ListJobs>(request("GET", "/admin/jobs", "state=dead"))->filter.dead);
}

TEST(AdminRequest, each_path_has_its_method) {
  const auto job = "/admin/jobs/" + kId;
  EXPECT_TRUE(read_as<ShowJob>(request("GET", job)));
  EXPECT_TRUE(read_as<PurgeJob>(request("DELETE", job)));
  EXPECT_TRUE(read_as<RetryJob>(request("POST", job + "/retry")));
  EXPECT_EQ(read_as<CancelJob>(request("POST", job + "/cancel", "reason=no%20use"))->reason, "no use");
  EXPECT_EQ(read_as<ShowEvents>(request("GET", job + "/events", "after=5"))->after, 5U);
  EXPECT_TRUE(read_as<ShowQueues>(request("GET", "/admin/queue")));
  EXPECT_THAT(error_of(request("POST", "/admin/jobs")), HasSubstr("GET"));
  EXPECT_THAT(error_of(request("PUT", job)), HasSubstr("GET or DELETE"));
  EXPECT_THAT(error_of(request("GET", job + "/retry")), HasSubstr("POST"));
  EXPECT_THAT(error_of(request("GET", job + "/cancel")), HasSubstr("POST"));
  EXPECT_THAT(error_of(request("DELETE", "/admin/queue")), HasSubstr("GET"));
}

TEST(AdminRequest, paths_that_are_none) {
  for (const std::string path : {"/admin", "/admin/", "/admin/job", "/admin/jobs/", "/admin/jobs/x",
                                 "/admin/jobs/../queue", "/admin/queue/"}) {
    EXPECT_EQ(error_of(request("GET", path)), "no such path") << path;
  }
  const auto job = "/admin/jobs/" + kId;
  EXPECT_EQ(error_of(request("GET", job + "/")), "no such path");
  EXPECT_EQ(error_of(request("GET", job + "/events/1")), "no such path");
  EXPECT_EQ(error_of(request("GET", job + "0")), "no such path");
  EXPECT_TRUE(is_admin_path("/admin"));
  EXPECT_TRUE(is_admin_path("/admin/x"));
  EXPECT_FALSE(is_admin_path("/administrator"));
  EXPECT_FALSE(is_admin_path("/"));
}

TEST(AdminRequest, parameters_that_are_wrong_are_named) {
  const std::pair<std::string, std::string> wrong[] = {
      {"state=gone", "state is"},
      {"after=job_1", "id of a job"},
      {"limit=-1", "limit is a number"},
      {"limit=501", "0 to 500"},
      {"limit=1e3", "number"},
      {"limit=", "number"},
      {"limit=1&limit=2", "twice"},
      {"owner=ann", "known are"},
      {"limit=99999999999999999999", "number"},
      {"%6cimit=1&limit=2", "twice"},
  };
  for (const auto& [query, message] : wrong) {
    EXPECT_THAT(error_of(request("GET", "/admin/jobs", query)), HasSubstr(message)) << query;
  }
  const auto job = "/admin/jobs/" + kId;
  EXPECT_THAT(error_of(request("GET", job, "x=1")), HasSubstr("no parameters"));
  EXPECT_THAT(error_of(request("POST", job + "/cancel", "reason=" + std::string(600, 'x'))),
              HasSubstr("512"));
  auto with_body = request("POST", job + "/retry");
  with_body.has_body = true;
  EXPECT_THAT(error_of(with_body), HasSubstr("no body"));
}

}  // namespace
}  // namespace hawser::server::admin
