#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "job/policy.h"
#include "server/config.h"

namespace hawser::server {

/// One number of a job::Policy, as [jobs] and [jobs.types.NAME] spell it.
struct PolicyKey {
  std::string_view leaf;  ///< "attempts"
  std::int64_t min = 0;
  std::int64_t max = 0;
  void (*set)(job::Policy& policy, std::int64_t value);
  std::int64_t (*get)(const job::Policy& policy);
};

std::span<const PolicyKey> policy_keys();
/// Null when there is none.
const PolicyKey* find_policy_key(std::string_view leaf);

/// The policies that the configuration gives to all job types.
std::shared_ptr<const job::Policies> make_policies(const Config& config);

}  // namespace hawser::server
