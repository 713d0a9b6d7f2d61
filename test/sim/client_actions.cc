#include <fmt/format.h>

#include <array>
#include <utility>

#include "test/sim/client.h"

// What a client does of its own accord.
namespace hawser::sim {

void Client::think() {
  const auto mean = 1000 * world_.weather.think_millis;
  world_.timeline.after(world_.rng.micros(mean / 4, 2 * mean), [this] {
    if (settling_ || left_) return;
    if (connected_) act();
    think();
  });
}

void Client::act() {
  switch (world_.rng.below(12)) {
    case 0:
    case 1:
    case 2: return start_job();
    case 3:
      if (const auto job = some_job(true); job && world_.rng.one_in(3)) ask_about("cancel:job", *job);
      return;
    case 4:
      if (const auto job = some_job(true)) ask_about("resume:job", *job);
      return;
    case 5:
    case 6:
      if (const auto job = some_job(true)) sync(*job, world_.rng.below(seen_through(*job) + 1));
      return;
    case 7:
      if (const auto job = some_job(true)) {
        ask_about(world_.rng.one_in(2) ? "subscribe:job" : "unsubscribe:job", *job);
      }
      return;
    case 8:
      if (const auto job = some_job(false)) {
        constexpr std::array<std::string_view, 3> kWays = {"subscribe:job", "cancel:job", "resume:job"};
        world_.rng.one_in(4) ? sync(*job, 0) : ask_about(kWays[world_.rng.below(3)], *job);
      }
      return;
    case 9:
      // It connects again while the server still believes in the connection before.
      if (world_.rng.one_in(2)) {
        connection_->abandon();
        on_gone();
      }
      return;
    case 10:
      if (world_.rng.one_in(3)) {
        connection_->hang_up();
        on_gone();
      }
      return;
    default: return repeat_starts();
  }
}

std::optional<JobId> Client::some_job(bool own) {
  std::vector<JobId> jobs;
  for (const auto& [job, owner] : world_.owners) {
    if ((owner == user_) == own) jobs.push_back(job);
  }
  if (jobs.empty()) return std::nullopt;
  return jobs[world_.rng.below(jobs.size())];
}

void Client::ask(std::string_view event, Ask asked, std::string_view argument, std::uint64_t after) {
  const auto id = ++asks_;
  auto line = fact("ask");
  line.add("c", connection_->number()).add("n", id).add("what", asked.what);
  if (asked.job) line.add("j", name_of(*asked.job)).add("after", after);
  if (!asked.key.empty()) line.add("key", asked.key);
  world_.record(line);
  pending_.emplace(id, std::move(asked));
  connection_->say(socketio::encode_event(socketio::kDefaultNamespace, event, {argument}, id));
}

void Client::start_job() {
  if (world_.started >= world_.weather.jobs) return;
  auto& rng = world_.rng;
  const auto key = fmt::format("k{}", ++world_.started);
  const auto chunks = rng.between(1, world_.weather.chunks);
  const auto mode = rng.below(3);
  const auto fails = rng.one_in(4) ? rng.between(1, 2) : 0;
  const auto checkpoint_every = rng.below(5);
  const int large = rng.percent(world_.weather.large_percent) ? 1 : 0;
  const auto priority = rng.below(3);
  const auto delay = rng.one_in(6) ? rng.below(4'000) : 0;
  unanswered_starts_[key] =
      fmt::format(R"({{"type":"work","idempotencyKey":"{}","priority":{},"delayMs":{},)"
                  R"("input":{{"chunks":{},"mode":{},"fails":{},"cp":{},"large":{}}}}})",
                  key, priority, delay, chunks, mode, fails, checkpoint_every, large);
  repeat_starts();
}

/// Those that nobody has answered, with the same key.
void Client::repeat_starts() {
  for (const auto& [key, argument] : unanswered_starts_) {
    ask("start:job", {"start", std::nullopt, key}, argument);
  }
}

void Client::ask_about(std::string_view event, const JobId& job) {
  ask(event, {std::string(event.substr(0, event.find(':'))), job, {}}, json::quoted(job.to_string()));
}

void Client::sync(const JobId& job, std::uint64_t after) {
  ask("reconnect:sync", {"sync", job, {}},
      fmt::format(R"({{"jobId":"{}","lastSequence":{}}})", job.to_string(), after), after);
}

}  // namespace hawser::sim
