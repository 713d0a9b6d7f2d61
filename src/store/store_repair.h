#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/id.h"
#include "base/loop.h"

namespace rocksdb {
class Env;
}

namespace hawser::store {

/// Where a closed store lies. Whoever examines or repairs it holds its DirectoryLock.
struct StorePlace {
  std::string directory;
  rocksdb::Env* env = nullptr;  ///< null means the real files

  rocksdb::Env& files() const;
  std::string database() const { return directory + "/jobs"; }
};

/// Why the store cannot be opened as it is, or only with its index looked past; nothing when log and index
/// are sound. The tables of jobs are not read through. Changes nothing on the disk. Errors: unavailable,
/// config (another release wrote it).
Result<std::optional<Error>> examine_store(const StorePlace& place);

/// What a repair did. Lists are complete; who prints them may shorten.
struct RepairReport {
  struct Cut {
    std::string path;  ///< of the copy
    std::uint64_t from = 0;
    std::uint64_t to = 0;
  };
  struct LostJob {
    JobId id;
    std::string owner;       ///< empty when nobody can tell
    std::uint64_t kept = 0;  ///< last sequence of its log that is left
    std::uint64_t lost = 0;  ///< last one known to be lost; 0 when none of its events is known to be
    bool exists = false;     ///< false: the whole job is gone
  };

  std::string copies;  ///< directory with the files as they were; empty when there was nothing to repair
  std::vector<Cut> cuts;
  std::vector<LostJob> lost;
  std::uint64_t unreadable_bytes = 0;  ///< of the cuts, in which no write can be recognised
  std::vector<JobId> ended;            ///< jobs that were unfinished
  bool index_rebuilt = false;
  std::vector<JobId> damaged;  ///< jobs whose records cannot be read, found while the index was made anew
  bool interrupted = false;    ///< an earlier repair had not come to its end, and this one finished it
};

/// Brings a store that cannot be opened, or not as a whole, back to its last consistent state
/// (docs/decisions/0004): keeps copies of the files it changes in a new `damaged-…` of the directory, cuts
/// the write-ahead logs at the first damage and ends the jobs that were unfinished then, makes a damaged
/// index anew, and gives the store a new incarnation. Does nothing to a sound store. Can be interrupted at
/// any moment: until a repair has come to its end the store does not open, and the next one goes on. Errors:
/// unavailable, corrupt (beyond repair), config.
Result<RepairReport> repair_store(const StorePlace& place, Clock& clock, Random& random);

/// Refuses while a repair is not finished: corrupt.
Status check_no_repair_pending(const StorePlace& place);

}  // namespace hawser::store
