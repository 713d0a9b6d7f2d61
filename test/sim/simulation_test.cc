#include "test/sim/simulation.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "test/store/store_driver.h"

namespace hawser::sim {
namespace {

std::uint64_t hash_of_seed(std::uint64_t seed) {
  const store::TemporaryDirectory directory;
  return Simulation(seed, directory.path(), nullptr).run();
}

TEST(Simulation, a_seed_has_the_same_history_each_time) {
  spdlog::set_level(spdlog::level::off);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) EXPECT_EQ(hash_of_seed(seed), hash_of_seed(seed)) << seed;
}

TEST(Simulation, another_seed_has_another_history) {
  spdlog::set_level(spdlog::level::off);
  EXPECT_NE(hash_of_seed(1), hash_of_seed(2));
}

}  // namespace
}  // namespace hawser::sim
