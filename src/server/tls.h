#pragma once

#include <memory>

#include "base/error.h"
#include "net/tls_context.h"
#include "server/config.h"

namespace hawser::server {

/// Whether the configuration asks for HTTPS.
bool has_tls(const Config& config);

/// Reads server.tls_cert_file and server.tls_key_file; null when neither is set. Errors (config) name the
/// setting, the file and what is wrong with it, never its content.
Result<std::shared_ptr<const net::TlsContext>> load_tls(const Config& config);

/// "2027-01-31 12:00 UTC".
std::string expiry_date(const net::TlsContext& tls);

}  // namespace hawser::server
