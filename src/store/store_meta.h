#pragma once

#include <string>

#include "base/error.h"
#include "base/loop.h"
#include "base/time.h"
#include "store/database.h"

namespace hawser::store {

/// What the database says about itself.
struct StoreMeta {
  std::string store_id;     ///< random, made with the store
  std::string incarnation;  ///< StoreStatus::incarnation; survives restarts, since positions do
  /// The index is as the first schema version had it (index_upgrade.h).
  bool has_first_index = false;
  /// Ended jobs are as old as if they had not ended before: when retention came to a store of an older
  /// release.
  WallMillis retention_counted_from = 0;
};

/// Reads it, or writes it into a new database. Errors: config when the database has a schema version that is
/// neither ours nor the first one, corrupt.
Result<StoreMeta> open_meta(Database& database, Random& random);

/// Errors: corrupt, when what opening would read is damaged; config, as above.
Status check_meta(const Database& database);

/// Gives the store a new incarnation, so that nobody goes on from a position of the old one, and writes anew
/// what is damaged. Errors: those of a write.
Status renew_meta(Database& database, Random& random);

/// Adds to the batch that the index is of our schema version, and when it became so.
void put_upgrade(const Database& database, rocksdb::WriteBatch& batch, WallMillis now);

}  // namespace hawser::store
