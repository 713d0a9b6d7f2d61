#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "session/catch_up.h"

namespace hawser::session {
namespace {

/// What the client of one job may see, told independently of how the splice works.
struct ClientView {
  std::uint64_t high = 0;                  ///< every event up to here has come at least once
  std::optional<std::uint64_t> requested;  ///< asked for, no answer yet
  std::optional<std::uint64_t> replayed;   ///< last one of an accepted rewind that is under way
  std::uint64_t requested_after = 0;
  std::optional<std::uint64_t> owed;  ///< last one of a rewind that an earlier connection did not finish

  void receive(std::uint64_t sequence) {
    ASSERT_FALSE(requested) << "live delivery pauses until the answer";
    const auto before = replayed ? *replayed : owed.value_or(high);
    ASSERT_EQ(sequence, before + 1) << "nothing is repeated or left out without a request";
    ASSERT_LE(sequence, high + 1);
    if (replayed) replayed = sequence;
    high = std::max(high, sequence);
    if (owed) owed = std::max(*owed, sequence);
    if (owed == high) owed.reset();
  }

  /// The connection was cut and recovered; `sent` is what the offset says of the job, if it lists it.
  void recover(std::optional<std::uint64_t> sent) {
    requested.reset();
    replayed.reset();
    owed = sent == high ? std::nullopt : sent;
    ASSERT_LE(owed.value_or(0), high);
  }
};

/// Random commits, rewinds, stops, read delays, page sizes and write pauses around one CatchUp.
class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed) {
    for (std::size_t i = 0; i < kJobs; ++i) {
      ids_.push_back(JobId::make(static_cast<std::int64_t>(i), {}));
      for (std::size_t n = pick(20); n > 0; --n) commit(i);
    }
    // The socket comes late: what was there is behind its cursor.
    live_ = log_.size();
    for (std::size_t i = 0; i < kJobs; ++i) views_[i].high = logs_[i].size();
    offset_.position = live_;
  }

  void step() {
    if (pick(40) == 0) return cut();
    switch (pick(12)) {
      case 0:
      case 1:
      case 2: commit(pick(kJobs)); break;
      case 3: rewind(); break;
      case 4: stop(); break;
      case 5:
      case 6: live(); break;
      case 7:
      case 8: send(); break;
      case 9: begin_read(); break;
      case 10: take_snapshot(); break;
      case 11: deliver_page(); break;
    }
  }

  /// Nothing new happens and everything is written: the order in which a session pumps.
  void settle() {
    for (int i = 0; i < 100'000; ++i) {
      if (send()) continue;
      begin_read();
      if (read_) {
        take_snapshot();
        deliver_page();
      } else if (!live()) {
        return;
      }
    }
    FAIL() << "the replays never met the live cursor";
  }

  void expect_everything_seen() {
    for (std::size_t i = 0; i < kJobs; ++i) {
      EXPECT_EQ(views_[i].high, logs_[i].size());
      EXPECT_FALSE(views_[i].requested);
      EXPECT_FALSE(views_[i].replayed);
      EXPECT_FALSE(views_[i].owed);
    }
    EXPECT_EQ(catch_up_.size(), 0U);
  }

 private:
  static constexpr std::size_t kJobs = 3;

  std::size_t pick(std::size_t below) { return random_() % below; }

  void commit(std::size_t index) {
    job::Event event;
    event.job = ids_[index];
    event.sequence = logs_[index].size() + 1;
    event.position = log_.size() + 1;
    log_.push_back(std::make_shared<const job::Event>(std::move(event)));
    logs_[index].push_back(log_.back());
  }

  std::size_t index_of(const JobId& id) {
    return static_cast<std::size_t>(std::ranges::find(ids_, id) - ids_.begin());
  }

  void rewind() {
    const auto i = pick(kJobs);
    // Sometimes a cursor that no job can have.
    const auto after = pick(8) == 0 ? 1'000'000 : pick(views_[i].high + 1);
    ASSERT_TRUE(catch_up_.start(ids_[i], after, ++ticket_));
    views_[i].requested = ticket_;
    views_[i].requested_after = after;
    views_[i].replayed.reset();
  }

  void stop() {
    const auto i = pick(kJobs);
    catch_up_.stop(ids_[i]);
    views_[i].requested.reset();
    views_[i].replayed.reset();
  }

  /// The connection breaks, and the next one goes on from the offset of the last event that got through.
  void cut() {
    catch_up_ = {};
    read_.reset();
    page_.reset();
    live_ = offset_.position;
    for (std::size_t i = 0; i < kJobs; ++i) {
      const auto listed = std::ranges::find(offset_.listed, ids_[i], &StreamOffset::Cursor::job);
      const bool found = listed != offset_.listed.end();
      views_[i].recover(found ? std::optional(listed->sequence) : std::nullopt);
    }
    for (const auto& cursor : offset_.listed) catch_up_.take_up(cursor);
  }

  void receive(const job::Event& event) {
    views_[index_of(event.job)].receive(event.sequence);
    offset_ = {.position = live_, .listed = catch_up_.cursors()};
  }

  bool live() {
    if (catch_up_.has_answer() || catch_up_.holds_live() || live_ == log_.size()) return false;
    const auto& event = log_[live_++];
    if (catch_up_.accepts_live(event->job, event->sequence)) receive(*event);
    return true;
  }

  bool send() {
    const auto output = catch_up_.next(live_);
    if (output) std::visit([this](const auto& item) { see(item); }, *output);
    return output.has_value();
  }

  void see(const job::EventPtr& event) { receive(*event); }
  void see(const CatchUp::Accepted& accepted) {
    auto& view = views_[index_of(accepted.job)];
    if (view.requested != accepted.ticket) return;  // stopped or replaced while the answer was waiting
    view.requested.reset();
    view.replayed = view.requested_after;
  }
  void see(const CatchUp::Rejected& rejected) {
    auto& view = views_[index_of(rejected.job)];
    if (view.requested == rejected.ticket) view.requested.reset();
  }
  void see(const CatchUp::Dropped&) {}
  void see(const CatchUp::Completed& completed) {
    auto& view = views_[index_of(completed.job)];
    if (!view.replayed) return;
    EXPECT_EQ(*view.replayed, view.high) << "complete means that nothing is left out";
    EXPECT_EQ(completed.replayed, *view.replayed - completed.requested_after);
    view.replayed.reset();
    view.owed.reset();
  }

  void begin_read() {
    if (const auto read = catch_up_.next_read()) read_ = *read;
  }
  void take_snapshot() {
    if (!read_ || page_) return;
    const auto& log = logs_[index_of(read_->job)];
    page_ = job::JobPage{{}, log.size()};
    const auto end = std::min<std::size_t>(log.size(), read_->after + 1 + pick(6));
    for (auto i = read_->after; i < end; ++i) page_->events.push_back(log[i]);
  }
  void deliver_page() {
    if (!page_) return;
    const auto head = std::exchange(page_, std::nullopt);
    const auto read = *std::exchange(read_, std::nullopt);
    if (read.after > head->head) {
      catch_up_.on_error({Errc::bad_sequence, ""});
    } else if (pick(10) == 0) {
      catch_up_.on_error({Errc::overloaded, ""});
    } else {
      catch_up_.on_page(*head);
    }
  }

  std::mt19937 random_;
  std::vector<JobId> ids_;
  std::vector<job::EventPtr> log_;  ///< of the owner, by position
  std::array<std::vector<job::EventPtr>, kJobs> logs_;
  std::array<ClientView, kJobs> views_;
  std::size_t live_ = 0;
  StreamOffset offset_;  ///< that of the last event the client has received
  std::uint64_t ticket_ = 0;
  std::optional<CatchUp::Read> read_;
  std::optional<job::JobPage> page_;
  CatchUp catch_up_;
};

TEST(CatchUpModel, every_event_comes_once_and_again_only_on_request) {
  for (std::uint32_t seed = 1; seed <= 2'000; ++seed) {
    World world(seed);
    for (int i = 0; i < 400 && !testing::Test::HasFailure(); ++i) world.step();
    world.settle();
    world.expect_everything_seen();
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace hawser::session
