#include "worker/search_build.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "worker/search_passages.h"
#include "worker/search_sqlite.h"

namespace hawser::worker {
namespace {

namespace fs = std::filesystem;

constexpr auto kSchema =
    "CREATE TABLE generation(folder TEXT NOT NULL, digest INTEGER NOT NULL);"
    "CREATE TABLE file(id INTEGER PRIMARY KEY, path TEXT NOT NULL, size INTEGER NOT NULL,"
    "                  modified_ns INTEGER NOT NULL);"
    "CREATE TABLE passage(id INTEGER PRIMARY KEY, file INTEGER NOT NULL, line INTEGER NOT NULL,"
    "                     text TEXT NOT NULL);"
    "CREATE VIRTUAL TABLE words USING fts5(text, content = 'passage', content_rowid = 'id');"
    // Words collected in memory before they are written as one sorted segment, and no merging on the way.
    "INSERT INTO words(words, rank) VALUES('hashsize', 33554432);"
    "INSERT INTO words(words, rank) VALUES('automerge', 0);"
    "BEGIN";

std::optional<std::string> read_file(const std::string& path, std::uint64_t size) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  // Shorter than it was when listed: the next listing will see another time stamp.
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || bytes.empty()) return std::nullopt;
  return bytes;
}

/// FNV-1a, over everything that decides what a search answers.
class Digest {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    value_ = (value_ ^ 0xffU) * 0x100000001b3ULL;  // A byte that text does not have ends each part.
  }
  std::int64_t value() const { return static_cast<std::int64_t>(value_); }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

class Builder {
 public:
  static Result<Builder> open(const std::string& path) {
    auto database = SqliteDatabase::create(path);
    if (!database) return std::unexpected(database.error());
    if (auto status = database->execute(kSchema); !status) return std::unexpected(status.error());
    auto file = database->prepare("INSERT INTO file VALUES(?, ?, ?, ?)");
    if (!file) return std::unexpected(file.error());
    auto passage = database->prepare("INSERT INTO passage VALUES(?, ?, ?, ?)");
    if (!passage) return std::unexpected(passage.error());
    auto words = database->prepare("INSERT INTO words(rowid, text) VALUES(?, ?)");
    if (!words) return std::unexpected(words.error());
    return Builder(std::move(*database), std::move(*file), std::move(*passage), std::move(*words));
  }

  Status add(const std::string& folder, const FileStamp& stamp) {
    const auto id = ++files_;
    insert_file_.bind(1, id).bind(2, stamp.path);
    insert_file_.bind(3, static_cast<std::int64_t>(stamp.size)).bind(4, stamp.modified_ns);
    if (auto status = insert_file_.run(); !status) return status;
    auto bytes = read_file(folder + '/' + stamp.path, stamp.size);
    if (!bytes) return {};
    const auto text = as_text(std::move(*bytes));
    if (!text) return {};
    digest_.add(stamp.path);
    digest_.add(*text);
    ++report_.text_files;
    report_.lines += static_cast<std::uint64_t>(std::ranges::count(*text, '\n'));
    return for_each_passage(*text, [&](std::size_t line, std::string_view passage) {
      return add_passage(id, static_cast<std::int64_t>(line), passage);
    });
  }

  Result<BuildReport> finish(const std::string& folder) {
    const auto words = database_.execute(
        // One sorted segment makes queries fast, and the order of equal ranks follows from the text alone.
        "INSERT INTO words(words) VALUES('optimize')");
    if (!words) return std::unexpected(words.error());
    auto generation = database_.prepare("INSERT INTO generation VALUES(?, ?)");
    if (!generation) return std::unexpected(generation.error());
    if (auto status = generation->bind(1, folder).bind(2, digest_.value()).run(); !status) {
      return std::unexpected(status.error());
    }
    const auto commit = database_.execute(fmt::format("COMMIT; PRAGMA user_version = {}", kGenerationFormat));
    if (!commit) return std::unexpected(commit.error());
    return report_;
  }

  const SqliteDatabase& database() const { return database_; }

 private:
  Builder(SqliteDatabase database, SqliteStatement file, SqliteStatement passage, SqliteStatement words)
      : database_(std::move(database)),
        insert_file_(std::move(file)),
        insert_passage_(std::move(passage)),
        insert_words_(std::move(words)) {}

  Status add_passage(std::int64_t file, std::int64_t line, std::string_view text) {
    const auto id = static_cast<std::int64_t>(++report_.passages);
    insert_passage_.bind(1, id).bind(2, file).bind(3, line).bind(4, text);
    if (auto status = insert_passage_.run(); !status) return status;
    return insert_words_.bind(1, id).bind(2, text).run();
  }

  SqliteDatabase database_;
  SqliteStatement insert_file_;
  SqliteStatement insert_passage_;
  SqliteStatement insert_words_;
  Digest digest_;
  std::int64_t files_ = 0;
  BuildReport report_;
};

Status sync_path(const std::string& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (synced) return {};
  return fail(Errc::unavailable,
              fmt::format("Cannot write {}: {}.", path, std::generic_category().message(error)));
}

/// The name appears only when the bytes behind it are on disk.
Status publish(const std::string& temporary, const std::string& target) {
  if (auto status = sync_path(temporary, O_RDONLY); !status) return status;
  std::error_code error;
  fs::rename(temporary, target, error);
  if (error) return fail(Errc::unavailable, fmt::format("Cannot write {}: {}.", target, error.message()));
  return sync_path(fs::path(target).parent_path().string(), O_RDONLY | O_DIRECTORY);
}

Result<BuildReport> write_generation(const std::string& path, const std::string& folder,
                                     const FileListing& listing, BuildProgress& progress,
                                     const std::stop_token& stop) {
  auto builder = Builder::open(path);
  if (!builder) return std::unexpected(builder.error());
  const std::stop_callback interrupt(stop, [&] { builder->database().interrupt(); });
  for (const auto& stamp : listing.files) {
    if (stop.stop_requested()) return fail(Errc::shutting_down, "The server is stopping.");
    if (auto status = builder->add(folder, stamp); !status) return std::unexpected(status.error());
    ++progress.files_done;
  }
  return builder->finish(folder);
}

}  // namespace

Result<BuildReport> build_generation(const std::string& target, const std::string& folder,
                                     const FileListing& listing, BuildProgress& progress,
                                     const std::stop_token& stop) {
  const auto temporary = target + ".building";
  std::error_code ignored;
  fs::remove(temporary, ignored);
  progress.files_done = 0;
  progress.files_total = listing.files.size();
  auto report = write_generation(temporary, folder, listing, progress, stop);
  if (report) {
    if (auto status = publish(temporary, target); !status) report = std::unexpected(status.error());
  }
  if (!report) {
    fs::remove(temporary, ignored);
    if (stop.stop_requested()) return fail(Errc::shutting_down, "The server is stopping.");
  }
  return report;
}

}  // namespace hawser::worker
