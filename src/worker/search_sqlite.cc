#include "worker/search_sqlite.h"

#include <fmt/core.h>
#include <sqlite3.h>

namespace hawser::worker {
namespace {

Errc code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::corrupt;
    case SQLITE_FULL: return Errc::storage_full;
    case SQLITE_INTERRUPT: return Errc::interrupted;
    default: return Errc::unavailable;
  }
}

std::unexpected<Error> sqlite_failure(sqlite3* database) {
  return fail(code_of(sqlite3_errcode(database)), fmt::format("SQLite: {}", sqlite3_errmsg(database)));
}

/// SQLite takes a path with options as a URI, in which these bytes have a meaning of their own.
std::string immutable_uri(std::string_view path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02x}", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), parameter, value);
  return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view text) {
  sqlite3_bind_text64(handle_.get(), parameter, text.data(), text.size(),
                      SQLITE_TRANSIENT,  // NOLINT: an old-style cast inside SQLite's header
                      SQLITE_UTF8);
  return *this;
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return sqlite_failure(sqlite3_db_handle(handle_.get()));
}

Status SqliteStatement::run() {
  Result<bool> row = true;
  while (row && *row) row = step();
  reset();
  if (!row) return std::unexpected(row.error());
  return {};
}

void SqliteStatement::reset() {
  sqlite3_reset(handle_.get());
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

double SqliteStatement::real(int column) const {
  return sqlite3_column_double(handle_.get(), column);
}

std::string_view SqliteStatement::text(int column) const {
  const auto* data = sqlite3_column_text(handle_.get(), column);
  if (data == nullptr) return {};
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return {reinterpret_cast<const char*>(data), size};
}

void SqliteDatabase::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& name, int flags) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteDatabase database(handle);
  if (handle == nullptr) return fail(Errc::unavailable, "SQLite: out of memory");
  if (code != SQLITE_OK) return sqlite_failure(handle);
  return database;
}

Result<SqliteDatabase> SqliteDatabase::create(const std::string& path) {
  auto database = open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!database) return database;
  const auto status = database->execute(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
      "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768");
  if (!status) return std::unexpected(status.error());
  return database;
}

Result<SqliteDatabase> SqliteDatabase::open_immutable(const std::string& path) {
  return open(immutable_uri(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

Status SqliteDatabase::execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return sqlite_failure(handle_.get());
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return sqlite_failure(handle_.get());
  return SqliteStatement(statement);
}

void SqliteDatabase::interrupt() const {
  sqlite3_interrupt(handle_.get());
}

Status check_fts5() {
  auto database = SqliteDatabase::create(":memory:");
  if (!database) return std::unexpected(database.error());
  const auto probe = database->execute("CREATE VIRTUAL TABLE probe USING fts5(text)");
  if (probe) return {};
  return fail(Errc::config,
              "Search needs an SQLite library with the FTS5 extension, which this one lacks; install "
              "Debian's libsqlite3-0 or build SQLite with SQLITE_ENABLE_FTS5.");
}

}  // namespace hawser::worker
