#pragma once

#include <string>

#include "base/error.h"
#include "base/loop.h"
#include "store/database.h"

namespace hawser::store {

/// What the database says about itself.
struct StoreMeta {
  std::string store_id;     ///< random, made with the store
  std::string incarnation;  ///< StoreStatus::incarnation; survives restarts, since positions do
};

/// Reads it, or writes it into a new database. Errors: config when the database has another schema version
/// than ours, corrupt.
Result<StoreMeta> open_meta(Database& database, Random& random);

/// Errors: corrupt, when what opening would read is damaged; config, as above.
Status check_meta(const Database& database);

/// Gives the store a new incarnation, so that nobody goes on from a position of the old one, and writes anew
/// what is damaged. Errors: those of a write.
Status renew_meta(Database& database, Random& random);

}  // namespace hawser::store
