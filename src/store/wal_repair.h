#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/wal_scan.h"

namespace rocksdb {
class Env;
}

namespace hawser::store {

/// A write-ahead log of a closed database and what was found in it.
struct WalFile {
  std::string path;
  std::uint64_t number = 0;  ///< RocksDB counts them up
  std::uint64_t size = 0;
  WalScan scan;
};

/// Reads the logs of a database from number `first` on, the oldest first. Errors: unavailable, config (a
/// newer release wrote them).
Result<std::vector<WalFile>> scan_wals(rocksdb::Env& env, const std::string& database, std::uint64_t first);

/// The oldest log in which acknowledged writes are damaged: there are later ones behind the damage. Null when
/// there is none.
const WalFile* first_damaged(const std::vector<WalFile>& wals);

/// Takes off the file what stands behind its last whole write in front of any damage.
Status cut(rocksdb::Env& env, const WalFile& wal);

/// Examines the write-ahead logs of a closed RocksDB database, from number `first` on, before it is opened
/// (docs/decisions/0001).
///
/// A torn tail, that is damage with no later write behind it, can only be the one write that was under way
/// when the process or the machine died; it was never acknowledged and is cut off. Damage in front of a later
/// write has destroyed acknowledged data: `corrupt`, naming file and offset, and nothing is changed.
Status cut_torn_wals(rocksdb::Env& env, const std::string& database, std::uint64_t first);

/// Names file and offset of that damage, and what to do.
Error damaged_wal(const WalFile& wal);

}  // namespace hawser::store
