#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "store/rocksdb_job_store.h"
#include "test/store/store_driver.h"

namespace hawser::store {

inline Result<std::unique_ptr<RocksDbJobStore>> open_store(const std::string& directory,
                                                           rocksdb::Env* env = nullptr) {
  RocksDbOptions options{.directory = directory};
  options.env = env;
  options.free_space = [] { return Result<std::uint64_t>(1ULL << 40U); };
  return RocksDbJobStore::open(std::move(options));
}

/// The state of the disk at this moment, as a process that was killed would leave it.
inline void copy_directory(const std::string& from, const std::string& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

}  // namespace hawser::store
