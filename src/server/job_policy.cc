#include "server/job_policy.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <string>

namespace hawser::server {
namespace {

using job::Policy;
using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::int64_t kMostAttempts = 1'000;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kYearSeconds = 31'536'000;
constexpr std::int64_t kMostChunks = 1'000'000;

constexpr std::array<PolicyKey, 6> kKeys = {{
    {"attempts", 1, kMostAttempts,
     [](Policy& policy, std::int64_t value) { policy.attempts = static_cast<std::uint32_t>(value); },
     [](const Policy& policy) { return std::int64_t{policy.attempts}; }},
    {"backoff_ms", 0, kDayMs, [](Policy& policy, std::int64_t value) { policy.backoff = Millis(value); },
     [](const Policy& policy) { return std::int64_t{policy.backoff.count()}; }},
    {"max_backoff_ms", 0, kDayMs,
     [](Policy& policy, std::int64_t value) { policy.max_backoff = Millis(value); },
     [](const Policy& policy) { return std::int64_t{policy.max_backoff.count()}; }},
    {"deadline_seconds", 0, kYearSeconds,
     [](Policy& policy, std::int64_t value) { policy.deadline = seconds(value); },
     [](const Policy& policy) { return std::int64_t{duration_cast<seconds>(policy.deadline).count()}; }},
    {"idle_timeout_seconds", 0, kYearSeconds,
     [](Policy& policy, std::int64_t value) { policy.idle_timeout = seconds(value); },
     [](const Policy& policy) { return std::int64_t{duration_cast<seconds>(policy.idle_timeout).count()}; }},
    {"checkpoint_every", 1, kMostChunks,
     [](Policy& policy, std::int64_t value) { policy.checkpoint_every = static_cast<std::uint32_t>(value); },
     [](const Policy& policy) { return std::int64_t{policy.checkpoint_every}; }},
}};

}  // namespace

std::span<const PolicyKey> policy_keys() {
  return kKeys;
}

const PolicyKey* find_policy_key(std::string_view leaf) {
  const auto found = std::ranges::find(kKeys, leaf, &PolicyKey::leaf);
  return found == kKeys.end() ? nullptr : &*found;
}

std::shared_ptr<const job::Policies> make_policies(const Config& config) {
  std::map<std::string, Policy, std::less<>> by_type;
  for (const auto& [type, values] : config.jobs.types) {
    auto& policy = by_type.emplace(type, config.jobs.policy).first->second;
    for (const auto& [leaf, value] : values) find_policy_key(leaf)->set(policy, value);
  }
  return std::make_shared<job::Policies>(config.jobs.policy, std::move(by_type), config.jobs.quota,
                                         config.retention);
}

}  // namespace hawser::server
