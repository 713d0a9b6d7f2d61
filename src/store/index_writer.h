#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/database.h"
#include "store/owner_account.h"

namespace hawser::store {

/// Writes the index entries of whole stores, in batches: to be given every record and every tombstone, the
/// oldest first, since the newest job with an idempotency key has it.
class IndexWriter {
 public:
  explicit IndexWriter(Database& database) : database_(database) {}

  /// What an older index says of an owner: positions never go back. Before the first `add`.
  void know_owner(std::string_view key, const OwnerAccount& account);
  Status add(const job::JobRecord& record);
  Status add(const job::Tombstone& tombstone);
  /// Writes the accounts of owners. Not flushed.
  Status add_owners();
  /// What has not been written yet; the caller may add to it.
  rocksdb::WriteBatch& rest() { return batch_; }
  Status flush();

 private:
  Status put(std::string_view key, std::string_view value);

  Database& database_;
  rocksdb::WriteBatch batch_;
  std::map<std::string, OwnerAccount, std::less<>> owners_;  ///< by the key of their account
  std::uint64_t tombstones_ = 0;
};

}  // namespace hawser::store
