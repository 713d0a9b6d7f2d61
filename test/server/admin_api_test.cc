#include "server/admin_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "runtime/system.h"
#include "store/memory_job_store.h"
#include "test/store/store_driver.h"

// /admin/ over a store in memory: who may use it, what it shows, and what it does.
namespace hawser::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSecret = "q7Xl0vNw3uJt5rYb8cDe2fGh4iKm6oPs9zAaBbCcDdEeFfGgHhIiJjKkLlMmNnOo";

class InlinePool final : public WorkPool {
 public:
  bool try_post(Task task) override {
    if (full) return false;
    task();
    return true;
  }
  bool full = false;
};

class AdminApiTest : public ::testing::Test {
 protected:
  WallMillis now() const { return runtime::system_clock().wall_now(); }
  std::string admin_token() { return authenticator_.mint_admin(now(), std::nullopt).value(); }

  std::optional<net::HttpResponse> ask(std::string method, std::string path, std::string query = "",
                                       std::optional<std::string> authorization = std::nullopt) {
    net::HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(query);
    request.authorization = authorization.value_or("Bearer " + admin_token());
    std::optional<net::HttpResponse> answer;
    const bool ours = api_.handle(request, [&](net::HttpResponse response) {
      EXPECT_FALSE(answer) << "answered twice";
      answer = std::move(response);
    });
    EXPECT_EQ(ours, answer.has_value());
    return answer;
  }
  std::string body(std::string method, std::string path, std::string query = "") {
    return *ask(std::move(method), std::move(path), std::move(query))->body;
  }
  JobId failed() {
    const auto record = driver_.running();
    driver_.append(record, 1, {store::chunk("\"part\"")}).value();
    driver_.finish(record, job::EventKind::failed, R"({"error":"broken","code":"handler_failed"})").value();
    return record.id;
  }
  static std::string path(const JobId& id, const std::string& rest = "") {
    return "/admin/jobs/" + id.to_string() + rest;
  }

  store::MemoryJobStore store_{store::MemoryOptions{runtime::system_clock(), runtime::system_random(), {}}};
  store::StoreDriver driver_{store_};
  InlinePool pool_;
  session::Authenticator authenticator_ =
      session::Authenticator::make(session::Algorithm::hs256, kSecret).value();
  AdminApi api_{store_, pool_, authenticator_, runtime::system_clock()};
};

TEST_F(AdminApiTest, only_an_administrators_token_opens_it_and_others_learn_nothing) {
  const auto id = driver_.start();
  const auto user = authenticator_.mint("ann", now(), std::nullopt).value();
  const auto worker = authenticator_.mint_worker("w", {"*"}, now(), std::nullopt).value();
  const std::vector<std::string> others = {"",
                                           "Bearer",
                                           "Bearer ",
                                           "Basic " + admin_token(),
                                           admin_token(),
                                           "Bearer " + user,
                                           "Bearer " + worker,
                                           "Bearer " + admin_token() + "x"};
  for (const auto& authorization : others) {
    for (const auto& target : {path(id), std::string("/admin/nothing"), std::string("/admin")}) {
      const auto answer = ask("GET", target, "", authorization);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->status, 401) << authorization;
      EXPECT_THAT(*answer->body, HasSubstr(R"("code":"unauthorized")"));
      EXPECT_THAT(*answer->body, Not(HasSubstr(id.to_string())));
    }
  }
  EXPECT_EQ(ask("GET", path(id), "", "bearer " + admin_token())->status, 200);
  const auto expired = authenticator_.mint_admin(now() - 10'000, Millis(5'000)).value();
  EXPECT_EQ(ask("GET", path(id), "", "Bearer " + expired)->status, 401);
  EXPECT_FALSE(ask("GET", "/health"));
}

TEST_F(AdminApiTest, dead_letters_are_listed_with_their_error_and_shown_with_their_output) {
  const auto id = failed();
  driver_.start("ben", "other");
  const auto list = body("GET", "/admin/jobs", "state=dead");
  EXPECT_THAT(list, HasSubstr(id.to_string()));
  EXPECT_THAT(list, HasSubstr(R"("lastError":{"error":"broken","code":"handler_failed"})"));
  EXPECT_THAT(list, HasSubstr(R"("dead":true)"));
  EXPECT_THAT(list, HasSubstr(R"("next":null)"));
  EXPECT_THAT(list, Not(HasSubstr("ben")));
  EXPECT_THAT(body("GET", path(id)), HasSubstr(R"("input":{})"));
  const auto events = body("GET", path(id, "/events"), "after=1");
  EXPECT_THAT(events, HasSubstr(R"({"sequence":2,"event":"job:chunk","attempt":1)"));
  EXPECT_THAT(events, HasSubstr(R"("payload":"part")"));
  EXPECT_THAT(events, HasSubstr(R"("head":3)"));
  EXPECT_TRUE(json::validate(events));
  EXPECT_EQ(ask("GET", path(id, "/events"), "after=4")->status, 400);
}

TEST_F(AdminApiTest, a_failed_job_can_be_run_again_by_hand_for_its_user) {
  const auto id = failed();
  const auto answer = ask("POST", path(id, "/retry"));
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(*answer->body, HasSubstr(R"("changed":true)"));
  EXPECT_TRUE(store_.find(id)->queued);
  EXPECT_THAT(body("POST", path(id, "/retry")), HasSubstr(R"("changed":false)"));
  EXPECT_THAT(body("GET", "/admin/queue"), HasSubstr(R"("type":"work","queued":1,"delayed":0,"held":0)"));
}

TEST_F(AdminApiTest, any_job_can_be_cancelled_and_an_ended_one_deleted) {
  const auto id = driver_.start("ben");
  EXPECT_EQ(ask("DELETE", path(id))->status, 409);
  EXPECT_THAT(body("POST", path(id, "/cancel"), "reason=maintenance"), HasSubstr(R"("state":"cancelled")"));
  EXPECT_THAT(*driver_.log(id).back()->payload, HasSubstr("maintenance"));
  EXPECT_EQ(ask("POST", path(id, "/retry"))->status, 409);
  EXPECT_EQ(ask("DELETE", path(id))->status, 200);
  for (const auto& answer : {ask("GET", path(id)), ask("GET", path(id, "/events")), ask("DELETE", path(id)),
                             ask("POST", path(id, "/retry"))}) {
    EXPECT_EQ(answer->status, 410);
    EXPECT_THAT(*answer->body, HasSubstr(R"("code":"gone")"));
  }
}

TEST_F(AdminApiTest, refusals_have_a_status_that_fits) {
  EXPECT_EQ(ask("GET", path(store::new_id()))->status, 404);
  EXPECT_EQ(ask("GET", "/admin/nothing")->status, 404);
  EXPECT_EQ(ask("GET", "/admin/jobs", "state=x")->status, 400);
  pool_.full = true;
  EXPECT_EQ(ask("GET", "/admin/jobs")->status, 503);
  EXPECT_EQ(ask("DELETE", path(store::new_id()))->status, 503);
}

}  // namespace
}  // namespace hawser::server
