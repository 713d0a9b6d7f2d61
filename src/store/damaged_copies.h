#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace rocksdb {
class Env;
}

namespace hawser::store {

/// Makes `damaged-<UTC time>` in the data directory, a name that did not exist, and puts a copy of each file
/// into it. Everything is on disk when it returns. Returns the path. Errors: unavailable.
Result<std::string> keep_copies(rocksdb::Env& env, const std::string& directory, WallMillis now,
                                const std::vector<std::string>& files);

/// The whole file. Errors: unavailable.
Result<std::string> read_file(rocksdb::Env& env, const std::string& path);
/// Replaces or makes it, and syncs it and its directory. Errors: unavailable.
Status write_file(rocksdb::Env& env, const std::string& directory, const std::string& name,
                  const std::string& bytes);
/// Syncs the names in a directory, after files were made or removed. Errors: unavailable.
Status sync_directory(rocksdb::Env& env, const std::string& directory);

}  // namespace hawser::store
