#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "job/job_store.h"
#include "store/database.h"

namespace hawser::store {

/// The reads of RocksDbJobStore. Each works on a snapshot of its own and never meets the committer, so any
/// number of threads may read at once. The database must outlive it.
class StoreReader {
 public:
  explicit StoreReader(const Database& database) : database_(database) {}

  Result<job::JobPage> read_job(const JobId& id, std::uint64_t after, job::ReadLimits limits) const;
  Result<job::OwnerPage> read_owner(std::string_view owner, std::uint64_t after,
                                    job::ReadLimits limits) const;

 private:
  const Database& database_;
};

}  // namespace hawser::store
