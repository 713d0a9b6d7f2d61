#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/id.h"
#include "store/database.h"

namespace hawser::store {

/// Calls `on_entry` for what can be reached from both ends of a family.
void for_each_readable(const Database& database, Family family,
                       const std::function<void(std::string_view key, std::string_view value)>& on_entry);

/// Whether every entry of the index can be read.
bool is_index_damaged(const Database& database);

/// Throws the index away and writes it anew from the records of all jobs, which are the truth about it, and
/// from what can be read of the old one: positions of owners never go back. Returns the jobs whose records
/// cannot be read; they are in no index any more. Errors: those of a write.
Result<std::vector<JobId>> rebuild_index(Database& database);

}  // namespace hawser::store
