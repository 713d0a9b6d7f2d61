#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/loop.h"
#include "worker/handler.h"
#include "worker/search_index.h"

namespace hawser::worker {

struct SearchOptions {
  std::string folder;    ///< what is searched: search.folder of the configuration
  std::string data_dir;  ///< the index is kept in its `search` folder
  FileBounds bounds{};
  /// How often the folder is looked at for changes; the first time at once.
  std::chrono::seconds refresh_interval = std::chrono::minutes(5);
  std::uint64_t disk_reserve = limits::kDefaultStorageReserve;
};

/// The `search` job: full-text search over a folder.
///
/// Input {query, limit?, ratePerSecond?}; chunks {rank, file, line, snippet} in rank order, where snippet
/// is plain, match, plain, …; result {hits, generation}. Its first event is a checkpoint that names the
/// generation of the index, and every run of the job uses that one, so a continued job goes on exactly
/// behind its last durable chunk though the folder has changed. If that generation is gone, or orders the
/// hits in another way, the job fails with `interrupted`: never does it go on with other hits.
///
/// Starts a thread that indexes the folder; jobs that come before there is any index wait and report its
/// progress. The destructor stops the thread promptly; no run may be under way then.
std::shared_ptr<Handler> make_search_handler(const SearchOptions& options);

/// The same over an index that the caller refreshes, paced by `clock`, which must outlive it.
std::shared_ptr<Handler> make_search_handler(std::shared_ptr<SearchIndex> index, Clock& clock);

}  // namespace hawser::worker
