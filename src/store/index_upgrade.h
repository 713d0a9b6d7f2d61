#pragma once

#include "base/error.h"
#include "store/database.h"
#include "store/store_meta.h"

namespace hawser::store {

/// Gives a store of the first schema version the entries by which ended jobs are deleted; does nothing to any
/// other. Can be interrupted at any moment: until it has come to its end the store is what it was, and the
/// next start begins anew. Errors: damaged (the repair makes the whole index anew), those of a write.
Status upgrade_index(Database& database, StoreMeta& meta, WallMillis now);

}  // namespace hawser::store
