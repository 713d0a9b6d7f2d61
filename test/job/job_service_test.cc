#include "job/job_service.h"

#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace hawser::job {
namespace {

class FixedClock final : public Clock {
 public:
  TimePoint now() const override { return {}; }
  WallMillis wall_now() const override { return 1'700'000'000'000; }
};

class CountingRandom final : public Random {
 public:
  void fill(void* out, std::size_t size) override { std::memset(out, ++count_, size); }

 private:
  int count_ = 0;
};

/// Runs what was posted when the test says so.
class ManualLoop final : public Loop {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  TimerId at(TimePoint, Task) override { return TimerId::none; }
  void cancel(TimerId) override {}
  TimePoint now() const override { return {}; }
  WallMillis wall_now() const override { return 0; }
  std::size_t index() const override { return 0; }
  bool is_current() const override { return true; }

  void run() {
    for (; !tasks_.empty(); tasks_.pop_front()) tasks_.front()();
  }

 private:
  std::deque<Task> tasks_;
};

class InlinePool final : public WorkPool {
 public:
  bool try_post(Task task) override {
    if (full) return false;
    task();
    return true;
  }
  bool full = false;
};

/// Keeps the commands; knows one job of "ann".
class FakeStore final : public JobStore {
 public:
  void submit(Command command, Completion completion) override {
    commands.push_back(std::move(command));
    completion(Reply{});
  }
  Result<JobRecord> find(const JobId& id) override {
    if (id != known) return std::unexpected(not_found(id));
    JobRecord record;
    record.id = id;
    record.owner = std::make_shared<const std::string>("ann");
    return record;
  }
  Result<std::string> input(const JobId&) override { return "{}"; }
  Result<JobPage> read_job(const JobId&, std::uint64_t, ReadLimits) override {
    return JobPage{.events = {}, .head = 7};
  }
  Result<Tombstone> tombstone(const JobId& id) override {
    if (id != deleted) return std::unexpected(not_found(id));
    return Tombstone{.id = id, .owner = "ann", .type = {}, .idempotency_key = {}};
  }
  Result<OwnerPage> read_owner(std::string_view, std::uint64_t after, ReadLimits) override {
    return OwnerPage{.events = {}, .through = after, .head = 9};
  }
  Result<JobList> list(const JobFilter&, const std::optional<JobId>&, std::size_t) override { return {}; }
  Result<Queues> queues(WallMillis) override { return {}; }
  Result<std::uint64_t> owner_head(std::string_view) override { return 9; }
  StoreStatus status() override { return {}; }
  void set_listener(CommitListener) override {}
  void stop() override {}

  std::vector<Command> commands;
  JobId known = JobId::make(1, {});
  JobId deleted = JobId::make(2, {});
};

class JobServiceTest : public ::testing::Test {
 protected:
  static std::map<std::string, InputCheck, std::less<>> types() {
    return {{"exec", nullptr}, {"search", [](std::string_view input) -> Status {
                                  if (input == "{}") return fail(Errc::bad_request, "query is missing");
                                  return {};
                                }}};
  }

  Result<Reply> start(JobService::StartRequest request) {
    std::optional<Result<Reply>> answer;
    service_.start(loop_, std::move(request), [&](Result<Reply> result) { answer = std::move(result); });
    EXPECT_FALSE(answer.has_value()) << "answered within the call";
    loop_.run();
    return std::move(answer).value();
  }

  template <class T, class Call>
  Result<T> read(Call call) {
    std::optional<Result<T>> answer;
    call([&](Result<T> result) { answer = std::move(result); });
    EXPECT_FALSE(answer.has_value()) << "answered within the call";
    loop_.run();
    return std::move(answer).value();
  }

  FakeStore store_;
  InlinePool pool_;
  FixedClock clock_;
  CountingRandom random_;
  ManualLoop loop_;
  JobService service_{store_, pool_, clock_, random_, types()};
};

TEST_F(JobServiceTest, a_deleted_job_is_gone_for_its_owner_and_unknown_to_others) {
  const auto id = store_.deleted;
  const auto find = [&](const std::string& owner) {
    return read<JobRecord>([&](auto done) { service_.find(loop_, owner, id, std::move(done)); });
  };
  EXPECT_EQ(find("ann").error().code, Errc::gone);
  EXPECT_EQ(find("ben").error().code, Errc::not_found);
  EXPECT_EQ(find("ben").error().message, not_found(id).message);
  const auto page =
      read<JobPage>([&](auto done) { service_.read_job(loop_, "ann", id, 0, {}, std::move(done)); });
  EXPECT_EQ(page.error().code, Errc::gone);
}

TEST_F(JobServiceTest, start_submits_the_trimmed_input_under_a_new_id) {
  ASSERT_TRUE(start({"ann", "search", " {\"query\": \"x\"}\n", "key"}));
  ASSERT_TRUE(start({"ann", "search", "{\"query\":\"y\"}", ""}));
  const auto& first = std::get<Start>(store_.commands.at(0));
  EXPECT_EQ(first.input, "{\"query\": \"x\"}");
  EXPECT_EQ(first.owner, "ann");
  EXPECT_EQ(first.idempotency_key, "key");
  EXPECT_NE(first.id, std::get<Start>(store_.commands.at(1)).id);
}

TEST_F(JobServiceTest, start_refuses_what_is_not_valid_before_the_store_sees_it) {
  struct Row {
    JobService::StartRequest request;
    Errc code;
  };
  const Row rows[] = {
      {{"ann", "nonsense", "{}", ""}, Errc::unknown_type},
      {{"ann", "exec", std::string(limits::kMaxInputBytes + 1, ' '), ""}, Errc::input_too_large},
      {{"ann", "exec", "{", ""}, Errc::bad_request},
      {{"ann", "search", "{}", ""}, Errc::bad_request},
      {{"", "exec", "{}", ""}, Errc::bad_request},
      {{std::string(limits::kMaxOwner + 1, 'a'), "exec", "{}", ""}, Errc::bad_request},
      {{"ann", "exec", "{}", std::string(limits::kMaxIdempotencyKey + 1, 'k')}, Errc::bad_request},
  };
  for (const auto& row : rows) {
    const auto answer = start(row.request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, row.code) << answer.error().message;
  }
  EXPECT_TRUE(store_.commands.empty());
}

TEST_F(JobServiceTest, an_unknown_type_is_answered_with_the_known_ones) {
  EXPECT_EQ(start({"ann", "nonsense", "{}", ""}).error().message,
            "Unknown job type: nonsense. Known types: exec, search");
}

TEST_F(JobServiceTest, draining_refuses_new_runs_but_not_cancels_or_reads) {
  service_.drain();
  EXPECT_EQ(start({"ann", "exec", "{}", ""}).error().code, Errc::shutting_down);
  const auto resumed =
      read<Reply>([&](auto done) { service_.resume(loop_, "ann", store_.known, std::move(done)); });
  EXPECT_EQ(resumed.error().code, Errc::shutting_down);
  EXPECT_TRUE(
      read<Reply>([&](auto done) { service_.cancel(loop_, "ann", store_.known, "", std::move(done)); }));
  EXPECT_TRUE(
      read<JobRecord>([&](auto done) { service_.find(loop_, "ann", store_.known, std::move(done)); }));
}

TEST_F(JobServiceTest, a_reason_over_the_limit_is_refused) {
  const auto answer = read<Reply>([&](auto done) {
    service_.cancel(loop_, "ann", store_.known, std::string(limits::kMaxCancelReason + 1, 'r'),
                    std::move(done));
  });
  EXPECT_EQ(answer.error().code, Errc::bad_request);
}

TEST_F(JobServiceTest, a_foreign_job_and_an_unknown_one_answer_alike) {
  const auto unknown = JobId::make(3, {});
  for (const auto& [owner, id] : {std::pair("bob", store_.known), std::pair("ann", unknown)}) {
    const auto found = read<JobRecord>([&](auto done) { service_.find(loop_, owner, id, std::move(done)); });
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::not_found);
    EXPECT_EQ(found.error().message, "Job not found: " + id.to_string());
    const auto page =
        read<JobPage>([&](auto done) { service_.read_job(loop_, owner, id, 0, {}, std::move(done)); });
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().message, found.error().message);
  }
}

TEST_F(JobServiceTest, reads_are_answered_on_the_loop) {
  const auto page = read<JobPage>(
      [&](auto done) { service_.read_job(loop_, "ann", store_.known, 0, {}, std::move(done)); });
  EXPECT_EQ(page->head, 7U);
  const auto owned =
      read<OwnerPage>([&](auto done) { service_.read_owner(loop_, "ann", 3, {}, std::move(done)); });
  EXPECT_EQ(owned->through, 3U);
  EXPECT_EQ(read<std::uint64_t>([&](auto done) { service_.owner_head(loop_, "ann", std::move(done)); }), 9U);
}

TEST_F(JobServiceTest, a_full_reader_pool_answers_overloaded) {
  pool_.full = true;
  const auto found =
      read<JobRecord>([&](auto done) { service_.find(loop_, "ann", store_.known, std::move(done)); });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::overloaded);
}

}  // namespace
}  // namespace hawser::job
