#include "store/committer.h"

#include <pthread.h>

#include <utility>

#include "store/commit_builder.h"

namespace hawser::store {

Committer::Committer(Database& database, JobTable table, SpaceGuard& space, Options options)
    : database_(database), table_(std::move(table)), space_(space), options_(std::move(options)) {
  if (options_.commits_on == CommitsOn::own_thread) thread_ = std::thread([this] { run(); });
}

Committer::~Committer() {
  stop();
}

void Committer::submit(job::Command command, job::Completion completion) {
  PendingCommand pending(std::move(command), std::move(completion));
  if (auto pushed = queue_.push(pending); !pushed) pending.completion(std::unexpected(pushed.error()));
}

void Committer::stop() {
  queue_.close();
  const std::lock_guard lock(stop_mutex_);
  if (options_.commits_on == CommitsOn::pump) {
    while (pump()) continue;
  }
  if (thread_.joinable()) thread_.join();
}

bool Committer::pump() {
  if (queue_.size() == 0) return false;
  handle(queue_.pop_group());
  return true;
}

void Committer::run() {
  ::pthread_setname_np(::pthread_self(), "committer");
  for (;;) {
    pause_between_flushes();
    auto group = queue_.pop_group();
    if (group.empty()) return;
    handle(std::move(group));
  }
}

void Committer::handle(std::vector<PendingCommand> group) {
  failed_ ? refuse(std::move(group)) : commit(std::move(group));
}

void Committer::pause_between_flushes() {
  const auto passed = options_.clock.now() - last_flush_;
  if (passed < options_.min_flush_interval) std::this_thread::sleep_for(options_.min_flush_interval - passed);
}

void Committer::commit(std::vector<PendingCommand> group) {
  CommitBuilder builder({.database = database_,
                         .table = table_,
                         .limits = options_.limits,
                         .now = {options_.clock.now(), options_.clock.wall_now()},
                         .has_room = space_.has_room()});
  std::vector<Result<job::Reply>> replies;
  replies.reserve(group.size());
  for (auto& pending : group) replies.push_back(builder.apply(std::move(pending.command)));

  auto& batch = builder.batch();
  if (batch.Count() > 0) {
    last_flush_ = options_.clock.now();
    if (auto written = database_.write(batch); !written) {
      failed_ = true;
      options_.fatal("A write to the store failed, and what it held is not durable: " +
                     written.error().message);
      return refuse(std::move(group));
    }
  }
  table_.install();
  for (std::size_t i = 0; i < group.size(); ++i) group[i].completion(std::move(replies[i]));
  const auto announcement = builder.announcement();
  if (announcement && listener_) listener_(announcement);
}

void Committer::refuse(std::vector<PendingCommand> group) {
  for (auto& pending : group) {
    pending.completion(fail(Errc::unavailable, "The store has failed; the server must be restarted."));
  }
}

}  // namespace hawser::store
