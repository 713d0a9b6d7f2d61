#include "session/lease_seal.h"

#include <gtest/gtest.h>

namespace hawser::session {
namespace {

const JobId kJob = JobId::make(1, {1, 2, 3});
const JobId kOther = JobId::make(1, {1, 2, 4});

TEST(LeaseSeal, gives_the_epoch_back_to_its_worker_for_its_job) {
  const LeaseSeal seal("a key");
  for (const std::uint64_t epoch : {1ULL, 255ULL, 256ULL, ~0ULL}) {
    const auto lease = seal.make("far", kJob, epoch);
    EXPECT_EQ(seal.epoch_of("far", kJob, lease), epoch);
    EXPECT_FALSE(seal.epoch_of("near", kJob, lease));
    EXPECT_FALSE(seal.epoch_of("far", kOther, lease));
    EXPECT_FALSE(LeaseSeal("another key").epoch_of("far", kJob, lease));
  }
}

TEST(LeaseSeal, no_changed_character_passes) {
  const LeaseSeal seal("a key");
  const auto lease = seal.make("far", kJob, 7);
  for (std::size_t i = 0; i < lease.size(); ++i) {
    auto changed = lease;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(seal.epoch_of("far", kJob, changed)) << i;
  }
  EXPECT_FALSE(seal.epoch_of("far", kJob, ""));
  EXPECT_FALSE(seal.epoch_of("far", kJob, lease + "A"));
}

}  // namespace
}  // namespace hawser::session
