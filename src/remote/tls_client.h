#pragma once

#include <boost/system/error_code.hpp>
#include <string>

#include "base/error.h"

struct ssl_ctx_st;
struct ssl_st;

namespace hawser::remote {

/// Connections of the context trust whom `ca_file` (PEM) names, or whom the system trusts when that is empty.
/// Without any certificate to trust every handshake fails with a clear reason.
void trust(ssl_ctx_st* context, const std::string& ca_file);
/// The peer must be this host, by name or by address, according to somebody we trust.
void expect_host(ssl_st* ssl, const std::string& host);
/// A failed handshake or connection to `where`, for people.
Error explain_tls(const boost::system::error_code& error, const std::string& where, ssl_st* ssl);

}  // namespace hawser::remote
