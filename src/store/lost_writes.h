#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/id.h"
#include "store/database.h"

namespace hawser::store {

/// What is known of a job that lost writes with a damaged write-ahead log.
struct LostJob {
  std::string owner;  ///< empty when no lost write names it
  std::uint64_t through =
      0;  ///< highest sequence among the lost events that can still be read; 0 without any
};

/// Collects the jobs that sound writes behind a damage name, so that people can be told what they lost.
class LostWrites {
 public:
  /// Reads the writes of a log from an offset on. `database` tells the families apart.
  void add(const Database& database, std::string_view log, std::uint64_t from);

  const std::map<JobId, LostJob>& jobs() const { return jobs_; }
  /// Bytes that belong to no sound write: whose jobs those were nobody can tell.
  std::uint64_t unreadable_bytes() const { return unreadable_bytes_; }

 private:
  friend class LostKeys;
  void note(Family family, std::string_view key, std::string_view value);

  std::map<JobId, LostJob> jobs_;
  std::uint64_t unreadable_bytes_ = 0;
};

}  // namespace hawser::store
