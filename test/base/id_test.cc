#include "base/id.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

TEST(JobId, prints_and_parses_the_same) {
  const auto id = JobId::make(1'700'000'000'000, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_EQ(id.to_string().size(), 36U);
  EXPECT_EQ(JobId::parse(id.to_string()), id);
}

TEST(JobId, sorts_by_time) {
  EXPECT_LT(JobId::make(1, {255, 255, 255}), JobId::make(2, {}));
}

TEST(JobId, refuses_every_other_spelling) {
  const auto good = JobId::make(1, {}).to_string();
  for (const std::string& bad :
       {std::string(), std::string("job_"), good.substr(1), good + "0", "JOB_" + good.substr(4),
        good.substr(0, 35) + "G", good.substr(0, 35) + "A"}) {
    EXPECT_FALSE(JobId::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace hawser
