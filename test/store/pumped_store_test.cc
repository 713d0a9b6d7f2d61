#include <gtest/gtest.h>

#include "test/store/rocksdb_fixture.h"

namespace hawser::store {
namespace {

TEST(PumpedStore, commits_when_it_is_told_to_and_what_is_left_at_its_stop) {
  TemporaryDirectory directory;
  RocksDbOptions options{.directory = directory.path()};
  options.commits_on = CommitsOn::pump;
  const auto store = RocksDbJobStore::open(std::move(options)).value();
  int answered = 0;
  const auto start = [&] {
    store->submit(job::Start{new_id(), "ann", "work", "{}", ""},
                  [&](const Result<job::Reply>& reply) { answered += reply.has_value() ? 1 : 0; });
  };
  EXPECT_FALSE(store->pump());
  start();
  start();
  EXPECT_EQ(answered, 0);
  EXPECT_TRUE(store->pump());
  EXPECT_EQ(answered, 2);
  EXPECT_FALSE(store->pump());
  start();
  store->stop();
  EXPECT_EQ(answered, 3);
}

}  // namespace
}  // namespace hawser::store
