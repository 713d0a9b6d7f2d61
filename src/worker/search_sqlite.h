#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace hawser::worker {

class SqliteDatabase;

/// A prepared statement. One thread at a time; must not outlive its database.
/// Columns count from 0, parameters from 1, as in SQLite.
class SqliteStatement {
 public:
  SqliteStatement& bind(int parameter, std::int64_t value);
  /// The text is copied, so it may contain anything but is read as UTF-8.
  SqliteStatement& bind(int parameter, std::string_view text);

  /// True when a row is there, false at the end.
  Result<bool> step();
  /// Runs to the end and makes the statement ready for the next values.
  Status run();
  void reset();

  std::int64_t integer(int column) const;
  double real(int column) const;
  /// Valid until the next step or reset.
  std::string_view text(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : handle_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// An SQLite database file. One thread at a time, except for `interrupt`.
///
/// Errors: corrupt (the file is damaged or no database), storage_full, interrupted (after `interrupt`),
/// unavailable for everything else; messages name what SQLite said.
class SqliteDatabase {
 public:
  /// A new file that only this process sees until it is renamed: no journal and no syncs, because a build
  /// that dies leaves a file that nobody opens.
  static Result<SqliteDatabase> create(const std::string& path);
  /// A finished file that never changes again: no locks are taken.
  static Result<SqliteDatabase> open_immutable(const std::string& path);

  Status execute(const std::string& sql);
  Result<SqliteStatement> prepare(std::string_view sql) const;
  /// Makes the running statement fail soon. Any thread, while the database is open.
  void interrupt() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit SqliteDatabase(sqlite3* database) : handle_(database) {}
  static Result<SqliteDatabase> open(const std::string& name, int flags);
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Whether the SQLite library at hand has the FTS5 extension.
/// Errors: config, with a sentence that says what to install.
Status check_fts5();

}  // namespace hawser::worker
