#pragma once

#include <rocksdb/options.h>

#include <memory>

namespace rocksdb {
class Cache;
}

namespace hawser::store {

/// How our column families and the database are set up, with the measurements of storage.md 3.5, 3.7 and 6.

rocksdb::DBOptions database_options(rocksdb::Env& env);

struct FamilyOptions {
  explicit FamilyOptions(std::shared_ptr<rocksdb::Cache> cache);

  rocksdb::ColumnFamilyOptions meta;
  rocksdb::ColumnFamilyOptions job;
  rocksdb::ColumnFamilyOptions input;
  rocksdb::ColumnFamilyOptions event;
  rocksdb::ColumnFamilyOptions index;
};

}  // namespace hawser::store
