#include "worker/search_generation.h"

#include <algorithm>
#include <utility>

#include "worker/search_build.h"
#include "worker/search_snippet.h"

namespace hawser::worker {
namespace {

constexpr auto kRank = "SELECT rowid, bm25(words) FROM words WHERE words MATCH ?";
constexpr auto kLoad =
    "SELECT file.path, passage.line, highlight(words, 0, ?3, ?4)"
    " FROM words CROSS JOIN passage ON passage.id = words.rowid CROSS JOIN file ON file.id = passage.file"
    " WHERE words MATCH ?1 AND words.rowid = ?2";

struct Scored {
  double score = 0;  ///< of BM25 in SQLite: lower is better
  std::int64_t passage = 0;
};

/// The best `limit` of any number of hits, in memory for twice the limit.
class Best {
 public:
  explicit Best(std::size_t limit) : limit_(limit) {}

  void add(Scored hit) {
    ++found_;
    hits_.push_back(hit);
    if (hits_.size() >= 2 * limit_ + 64) trim();
  }

  RankedHits take(std::uint64_t digest) && {
    trim();
    std::ranges::sort(hits_, before);
    RankedHits ranked;
    ranked.found = found_;
    ranked.fingerprint = digest;
    for (const auto& hit : hits_) {
      ranked.passages.push_back(hit.passage);
      ranked.fingerprint = (ranked.fingerprint ^ static_cast<std::uint64_t>(hit.passage)) * 0x100000001b3ULL;
    }
    return ranked;
  }

 private:
  /// Passages are numbered by file and line, so this is the promised order.
  static bool before(const Scored& a, const Scored& b) {
    return a.score != b.score ? a.score < b.score : a.passage < b.passage;
  }

  void trim() {
    if (hits_.size() <= limit_) return;
    std::ranges::nth_element(hits_, hits_.begin() + static_cast<std::ptrdiff_t>(limit_), before);
    hits_.resize(limit_);
  }

  const std::size_t limit_;
  std::vector<Scored> hits_;
  std::uint64_t found_ = 0;
};

std::unexpected<Error> stopped() {
  return fail(Errc::shutting_down, "The search was asked to stop.");
}

}  // namespace

Result<SearchGeneration> SearchGeneration::open(const std::string& path) {
  auto database = SqliteDatabase::open_immutable(path);
  if (!database) return std::unexpected(database.error());
  auto version = database->prepare("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  if (auto row = version->step(); !row) return std::unexpected(row.error());
  if (version->integer(0) != kGenerationFormat) {
    return fail(Errc::corrupt, "The search index has another format.");
  }
  auto generation = database->prepare("SELECT folder, digest FROM generation");
  if (!generation) return std::unexpected(generation.error());
  auto row = generation->step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return fail(Errc::corrupt, "The search index is incomplete.");
  std::string folder(generation->text(0));
  const auto digest = static_cast<std::uint64_t>(generation->integer(1));
  auto load = database->prepare(kLoad);
  if (!load) return std::unexpected(load.error());
  return SearchGeneration(std::move(*database), std::move(*load), std::move(folder), digest);
}

Result<bool> SearchGeneration::matches(const FileListing& listing) const {
  auto files = database_.prepare("SELECT path, size, modified_ns FROM file ORDER BY id");
  if (!files) return std::unexpected(files.error());
  for (const auto& stamp : listing.files) {
    auto row = files->step();
    if (!row) return std::unexpected(row.error());
    if (!*row || files->text(0) != stamp.path || files->integer(2) != stamp.modified_ns ||
        files->integer(1) != static_cast<std::int64_t>(stamp.size)) {
      return false;
    }
  }
  auto more = files->step();
  if (!more) return std::unexpected(more.error());
  return !*more;
}

Result<RankedHits> SearchGeneration::rank(std::string_view query, std::size_t limit,
                                          const std::stop_token& stop) const {
  auto statement = database_.prepare(kRank);
  if (!statement) return std::unexpected(statement.error());
  statement->bind(1, query);
  // Before its first row FTS5 counts all occurrences of each word: long enough to be interrupted.
  const std::stop_callback interrupt(stop, [this] { database_.interrupt(); });
  Best best(limit);
  while (!stop.stop_requested()) {
    auto row = statement->step();
    if (!row && stop.stop_requested()) break;
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::move(best).take(digest_);
    best.add({statement->real(1), statement->integer(0)});
  }
  return stopped();
}

Result<SearchHit> SearchGeneration::load(std::string_view query, std::int64_t passage) const {
  load_.bind(1, query).bind(2, passage);
  load_.bind(3, std::string_view(&kMatchBegin, 1)).bind(4, std::string_view(&kMatchEnd, 1));
  const auto row = load_.step();
  SearchHit hit;
  if (row && *row) {
    auto snippet = make_snippet(load_.text(2));
    hit.file = load_.text(0);
    hit.line = static_cast<std::uint64_t>(load_.integer(1)) + snippet.line_offset;
    hit.snippet = std::move(snippet.parts);
  }
  // An active statement would keep an interrupt in force for all later ones.
  load_.reset();
  if (!row) return std::unexpected(row.error());
  if (!*row) return fail(Errc::corrupt, "A hit is missing in the search index.");
  return hit;
}

}  // namespace hawser::worker
