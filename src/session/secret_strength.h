#pragma once

#include <string_view>

#include "base/error.h"
#include "session/auth.h"

namespace hawser::session {

/// Refuses (config) an HMAC secret that protects nothing: empty, a sample printed in some example, shorter
/// than the hash (RFC 7518 section 3.2), or a PEM, which is a public key used by mistake or for an attack.
/// The message never repeats the secret.
Status check_secret(Algorithm algorithm, std::string_view secret);

}  // namespace hawser::session
