#pragma once

#include <string>

#include "base/error.h"

namespace rocksdb {
class Env;
}

namespace hawser::store {

/// Examines the write-ahead logs of a closed RocksDB database before it is opened (docs/decisions/0001).
///
/// A torn tail, that is damage with no later write behind it, can only be the one write that was under way
/// when the process or the machine died; it was never acknowledged and is cut off. Damage in front of a later
/// write has destroyed acknowledged data: `corrupt`, naming file and offset, and nothing is changed.
Status repair_wals(rocksdb::Env& env, const std::string& database);

}  // namespace hawser::store
