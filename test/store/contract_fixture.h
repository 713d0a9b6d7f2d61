#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "store/memory_job_store.h"
#include "store/rocksdb_job_store.h"
#include "test/store/store_driver.h"

namespace hawser::store {

/// What every implementation of JobStore must do is written once, against this fixture.
enum class Kind { memory, rocksdb };

class JobStoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  JobStoreContract() : JobStoreContract(job::LogLimits{}) {}
  explicit JobStoreContract(job::LogLimits limits) : store_(open(limits)), driver_(*store_) {
    store_->set_listener(announced_.listener());
  }

  std::unique_ptr<job::JobStore> open(job::LogLimits limits) {
    if (GetParam() == Kind::memory) {
      return std::make_unique<MemoryJobStore>(
          MemoryOptions{.clock = runtime::system_clock(), .random = runtime::system_random(), .log = limits});
    }
    RocksDbOptions options{.directory = directory_.path()};
    options.log = limits;
    options.free_space = [] { return Result<std::uint64_t>(1ULL << 40U); };
    return RocksDbJobStore::open(std::move(options)).value();
  }

  TemporaryDirectory directory_;
  Announcements announced_;
  std::unique_ptr<job::JobStore> store_;
  StoreDriver driver_;
};

inline std::string kind_name(const ::testing::TestParamInfo<Kind>& info) {
  return info.param == Kind::memory ? "memory" : "rocksdb";
}

}  // namespace hawser::store
