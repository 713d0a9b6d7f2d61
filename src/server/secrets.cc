#include "server/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/limits.h"

namespace hawser::server {
namespace {

constexpr std::size_t kMaxFile = 64 * limits::kKiB;  // Larger than any key or chain of certificates.
constexpr std::size_t kSecretBytes = 48;             // 64 characters, enough for HS512.
constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOthers = 0077;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  int descriptor_;
};

std::unexpected<Error> file_error(std::string_view key, const std::string& path, std::string_view what) {
  return fail(Errc::config, fmt::format("{}: {} {}.", key, path, what));
}

std::string system_error(int number) {
  return std::error_code(number, std::generic_category()).message();
}

Result<std::string> read_all(const File& file, const std::string& path, std::string_view key) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return file_error(key, path, "cannot be read: " + system_error(errno));
    if (size == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
    if (text.size() > kMaxFile) return file_error(key, path, "is too large");
  }
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) return file_error(key, path, "is empty");
  return text;
}

Result<std::string> read_small_file(const std::string& path, std::string_view key, bool secret) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return file_error(key, path, "cannot be opened: " + system_error(errno));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return file_error(key, path, "is not a file");
  if (secret && (info.st_mode & kOthers) != 0) {
    return file_error(key, path,
                      fmt::format("can be read by others on this machine; run: chmod 600 {}", path));
  }
  return read_all(file, path, key);
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Status sync_directory(const std::string& directory) {
  const File file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.is_open() || ::fsync(file.get()) != 0) {
    return file_error("server.data_dir", directory, "cannot be synced: " + system_error(errno));
  }
  return {};
}

/// Writes beside the target and links it into place, so that the name never shows half a secret and the
/// first of several writers wins. True when ours is the one.
Result<bool> publish(const std::string& directory, const std::string& path, const std::string& secret) {
  const auto draft = fmt::format("{}.{}", path, ::getpid());
  ::unlink(draft.c_str());  // Left by a crashed process of the same number.
  File file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
  const bool written = file.is_open() && write_all(file.get(), secret + "\n") && ::fsync(file.get()) == 0;
  const int write_error = errno;
  file.close();
  const bool linked = written && ::link(draft.c_str(), path.c_str()) == 0;
  const int link_error = errno;
  ::unlink(draft.c_str());
  if (!written) return file_error("server.data_dir", path, "cannot be written: " + system_error(write_error));
  if (!linked && link_error != EEXIST) {
    return file_error("server.data_dir", path, "cannot be created: " + system_error(link_error));
  }
  if (auto status = sync_directory(directory); !status) return std::unexpected(status.error());
  return linked;
}

Result<std::string> load_or_create(const std::string& data_dir, const std::string& path,
                                   std::string_view what, Random& random) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return read_secret_file(path, "server.data_dir");
  std::filesystem::create_directories(data_dir, error);
  if (error) return file_error("server.data_dir", data_dir, "cannot be made: " + error.message());
  const auto ours = publish(data_dir, path, random.token(kSecretBytes));
  if (!ours) return std::unexpected(ours.error());
  if (*ours) spdlog::info("made {} and keeps it in {}", what, path);
  return read_secret_file(path, "server.data_dir");
}

Result<std::string> configured_key(const Config& config) {
  const auto& auth = config.auth;
  if (!auth.public_key_file.empty()) return read_public_file(auth.public_key_file, "auth.public_key_file");
  if (!auth.secret_file.empty()) return read_secret_file(auth.secret_file, "auth.secret_file");
  if (!auth.secret.empty()) return auth.secret;
  return fail(Errc::config,
              "No token secret is set. Set JWT_SECRET or auth.secret_file to at least 32 random bytes "
              "(openssl rand -base64 48), or use --dev on your own machine.");
}

Result<session::Authenticator> authenticator(const Config& config, Result<std::string> key) {
  if (!key) return std::unexpected(key.error());
  const auto algorithm = session::parse_algorithm(config.auth.algorithm);
  if (!algorithm)
    return fail(Errc::config, fmt::format("auth.algorithm {} is unknown.", config.auth.algorithm));
  return session::Authenticator::make(*algorithm, std::move(*key));
}

}  // namespace

std::string dev_secret_path(const std::string& data_dir) {
  return (std::filesystem::path(data_dir) / "dev-secret").string();
}

Result<std::string> read_secret_file(const std::string& path, std::string_view key) {
  return read_small_file(path, key, true);
}

Result<std::string> read_public_file(const std::string& path, std::string_view key) {
  return read_small_file(path, key, false);
}

Result<std::string> load_dev_secret(const std::string& data_dir) {
  const auto path = dev_secret_path(data_dir);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return fail(Errc::not_found, fmt::format("{} does not exist. 'hawser serve --dev' makes it.", path));
  }
  return read_secret_file(path, "server.data_dir");
}

Result<std::string> load_or_create_secret(const std::string& data_dir, Random& random) {
  return load_or_create(data_dir, dev_secret_path(data_dir), "a token secret for --dev", random);
}

Result<std::string> load_or_create_recovery_key(const std::string& data_dir, Random& random) {
  const auto path = (std::filesystem::path(data_dir) / "recovery-key").string();
  return load_or_create(data_dir, path, "the key of connection state recovery", random);
}

bool has_configured_key(const Config& config) {
  return !config.auth.secret.empty() || !config.auth.secret_file.empty() ||
         !config.auth.public_key_file.empty();
}

Result<session::Authenticator> configured_authenticator(const Config& config) {
  return authenticator(config, configured_key(config));
}

Result<session::Authenticator> make_authenticator(const Config& config, Random& random) {
  if (!config.server.dev || has_configured_key(config)) return configured_authenticator(config);
  return authenticator(config, load_or_create_secret(config.server.data_dir, random));
}

}  // namespace hawser::server
