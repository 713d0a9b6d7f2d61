#pragma once

#include <string>

#include "base/error.h"
#include "base/loop.h"
#include "server/config.h"
#include "session/auth.h"

namespace hawser::server {

/// The whole of a small file without the line end that editors add. Errors (config) name `key`, the
/// setting that pointed here, and never the content. A secret that others on the machine can read is
/// refused, as ssh does.
Result<std::string> read_secret_file(const std::string& path, std::string_view key);

/// The same for what is no secret, such as a certificate or a public key.
Result<std::string> read_public_file(const std::string& path, std::string_view key);

/// The secret that `--dev` made in the data directory earlier. Errors: not_found when there is none, and
/// those of read_secret_file.
Result<std::string> load_dev_secret(const std::string& data_dir);

/// The same, made now when there is none: random, mode 0600, on disk before it is used, and by exactly one
/// of several processes that start together. Says so in the log when it made one.
Result<std::string> load_or_create_secret(const std::string& data_dir, Random& random);

/// The key of the pids of connection state recovery (session/recovery.h), kept as that secret is, in
/// `recovery-key`: whoever opens the store again recovers its clients.
Result<std::string> load_or_create_recovery_key(const std::string& data_dir, Random& random);

/// Where the secret of `--dev` is.
std::string dev_secret_path(const std::string& data_dir);

/// The key material of the configuration: auth.secret, auth.secret_file or auth.public_key_file, and
/// nothing else. Errors (config): there is none, it cannot be read, or it is too weak.
Result<session::Authenticator> configured_authenticator(const Config& config);

/// As configured; with --dev and without a configured key the data directory's own secret.
Result<session::Authenticator> make_authenticator(const Config& config, Random& random);

/// Whether the configuration names a key.
bool has_configured_key(const Config& config);

}  // namespace hawser::server
