// What the doctor examines on this machine: secret, data directory, space, store, folder.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "cli/doctor.h"
#include "runtime/system.h"
#include "server/secrets.h"
#include "server/tls.h"
#include "store/directory_lock.h"
#include "store/store_repair.h"

namespace hawser::cli {
namespace {

namespace fs = std::filesystem;

/// A certificate that ends sooner should have been renewed: those of 90 days are renewed 30 days before.
constexpr Millis kRenewalTime = std::chrono::days(14);

Finding ok(std::string subject, std::string text) {
  return {Verdict::ok, std::move(subject), std::move(text)};
}
Finding warning(std::string subject, std::string text) {
  return {Verdict::warning, std::move(subject), std::move(text)};
}
Finding failure(std::string subject, std::string text) {
  return {Verdict::failure, std::move(subject), std::move(text)};
}

/// The directory, or the nearest one above it that exists.
fs::path existing_part(const fs::path& path) {
  std::error_code error;
  auto part = fs::absolute(path, error);
  while (!fs::exists(part, error) && part.has_relative_path()) part = part.parent_path();
  return part;
}

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool may(const fs::path& path, int rights) {
  return ::access(path.c_str(), rights) == 0;
}

/// Only for directories that exist: asking makes the lock's file.
bool is_in_use(const std::string& directory) {
  return !store::DirectoryLock::acquire(directory);
}

std::string process_holding(const std::string& directory) {
  std::string pid;
  std::ifstream(fs::path(directory) / "LOCK") >> pid;
  return pid;
}

std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{} MiB", bytes / limits::kMiB);
}

}  // namespace

Finding check_secret(const server::Config& config) {
  const std::string subject = "token secret";
  if (server::has_configured_key(config)) {
    const auto made = server::configured_authenticator(config);
    if (!made) return failure(subject, made.error().message);
    return ok(subject, fmt::format("{} key is usable", config.auth.algorithm));
  }
  const auto path = server::dev_secret_path(config.server.data_dir);
  const auto secret = server::load_dev_secret(config.server.data_dir);
  if (secret)
    return warning(subject, fmt::format("only {}, which --dev uses; set JWT_SECRET for production", path));
  if (secret.error().code == Errc::not_found) {
    return warning(subject,
                   "none is set: 'hawser serve' needs JWT_SECRET or auth.secret_file; --dev makes its own");
  }
  return failure(subject, secret.error().message);
}

Finding check_tls(const server::Config& config) {
  const std::string subject = "tls";
  const auto tls = server::load_tls(config);
  if (!tls) return failure(subject, tls.error().message);
  if (!*tls) return ok(subject, "not set: plain HTTP");
  const Millis left((*tls)->expires_at() - runtime::system_clock().wall_now());
  const auto date = server::expiry_date(**tls);
  if (left <= Millis(0)) return failure(subject, fmt::format("the certificate was valid until {}", date));
  if (left < kRenewalTime) {
    return warning(subject,
                   fmt::format("the certificate is valid until {}; renew it, then send SIGHUP", date));
  }
  return ok(subject, fmt::format("the certificate is valid until {}", date));
}

Finding check_data_directory(const server::Config& config) {
  const std::string subject = "data directory";
  const auto& directory = config.server.data_dir;
  if (config.store.kind == "memory")
    return warning(subject, "store.kind is memory: jobs do not survive a restart");
  if (!exists(directory)) {
    const auto parent = existing_part(directory);
    if (may(parent, W_OK | X_OK))
      return ok(subject, fmt::format("{} will be made at the first start", directory));
    return failure(subject,
                   fmt::format("{} does not exist and {} is not writable", directory, parent.string()));
  }
  if (!fs::is_directory(directory)) return failure(subject, fmt::format("{} is not a directory", directory));
  if (!may(directory, R_OK | W_OK | X_OK)) {
    return failure(
        subject,
        fmt::format("{} is not writable for this user; mount it for writing or change its owner", directory));
  }
  if (is_in_use(directory)) {
    return ok(subject, fmt::format("{} is held by a running server, process {}", directory,
                                   process_holding(directory)));
  }
  return ok(subject, fmt::format("{} is writable and in use by nobody", directory));
}

Finding check_free_space(const server::Config& config) {
  const std::string subject = "free space";
  std::error_code error;
  const auto space = fs::space(existing_part(config.server.data_dir), error);
  if (error) return failure(subject, error.message());
  const auto reserve = config.store.reserve_bytes;
  const auto text =
      fmt::format("{} free, {} kept in reserve", mebibytes(space.available), mebibytes(reserve));
  if (space.available <= reserve) {
    return failure(subject, text + ": new jobs are refused; free some space or lower store.reserve_bytes");
  }
  if (space.available / 2 < reserve) return warning(subject, text + ": little room is left");
  return ok(subject, text);
}

Finding check_store(const server::Config& config) {
  const std::string subject = "store";
  const auto& directory = config.server.data_dir;
  if (config.store.kind == "memory") return ok(subject, "in memory");
  if (!exists((fs::path(directory) / "jobs").string())) return ok(subject, "empty: made at the first start");
  const auto lock = store::DirectoryLock::acquire(directory);
  if (!lock) return ok(subject, "in use, not examined");
  const auto fault = store::examine_store({.directory = directory});
  if (!fault) return failure(subject, fault.error().message);
  if (*fault) return failure(subject, (*fault)->message);
  return ok(subject, "its log and its index are sound");
}

Finding check_search_folder(const server::Config& config) {
  const std::string subject = "search folder";
  const auto& folder = config.search.folder;
  if (folder.empty()) return ok(subject, "not set: no search jobs");
  std::error_code error;
  if (!fs::is_directory(folder, error)) return failure(subject, fmt::format("{} is not a directory", folder));
  if (!may(folder, R_OK | X_OK))
    return failure(subject, fmt::format("{} is not readable for this user", folder));
  return ok(subject, fmt::format("{} is readable", folder));
}

}  // namespace hawser::cli
