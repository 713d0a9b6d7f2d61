#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "worker/search_files.h"
#include "worker/search_sqlite.h"

namespace hawser::worker {

/// A hit that is ready to be shown.
struct SearchHit {
  std::string file;  ///< relative to the folder
  std::uint64_t line = 0;
  std::vector<std::string> snippet;  ///< plain, match, plain, …
};

/// The hits of a query by falling rank. The order is total, and the same whenever the same generation is
/// asked the same, in this process or another: rank, then file, then line.
struct RankedHits {
  std::vector<std::int64_t> passages;  ///< at most the limit
  std::uint64_t found = 0;             ///< all there are
  /// Stands for the text of the generation and the order. Equal ones mean that hit k is hit k.
  std::uint64_t fingerprint = 0;
};

/// An open generation: a file that never changes. One thread; each run opens its own.
/// Errors: corrupt, unavailable; shutting_down when the stop was requested during a call.
class SearchGeneration {
 public:
  static Result<SearchGeneration> open(const std::string& path);

  /// The folder it was built from.
  const std::string& folder() const { return folder_; }
  /// Whether the folder still looked like this when it was listed.
  Result<bool> matches(const FileListing& listing) const;

  /// `query` comes from to_fts5_query. A stop ends it within milliseconds.
  Result<RankedHits> rank(std::string_view query, std::size_t limit, const std::stop_token& stop) const;
  Result<SearchHit> load(std::string_view query, std::int64_t passage) const;

 private:
  SearchGeneration(SqliteDatabase database, SqliteStatement load, std::string folder, std::uint64_t digest)
      : database_(std::move(database)), load_(std::move(load)), folder_(std::move(folder)), digest_(digest) {}

  SqliteDatabase database_;
  mutable SqliteStatement load_;
  std::string folder_;
  std::uint64_t digest_ = 0;
};

}  // namespace hawser::worker
