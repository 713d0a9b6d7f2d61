#include "server/tls.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "server/secrets.h"

namespace hawser::server {
namespace {

std::unexpected<Error> file_error(std::string_view key, const std::string& path, const Error& error) {
  return fail(Errc::config, fmt::format("{}: {} {}.", key, path, error.message));
}

}  // namespace

bool has_tls(const Config& config) {
  return !config.server.tls_cert_file.empty();
}

Result<std::shared_ptr<const net::TlsContext>> load_tls(const Config& config) {
  constexpr std::string_view kCertificate = "server.tls_cert_file";
  constexpr std::string_view kKey = "server.tls_key_file";
  if (!has_tls(config)) return nullptr;
  const auto& [chain_path, key_path] = std::tie(config.server.tls_cert_file, config.server.tls_key_file);
  const auto chain = read_public_file(chain_path, kCertificate);
  if (!chain) return std::unexpected(chain.error());
  const auto key = read_secret_file(key_path, kKey);
  if (!key) return std::unexpected(key.error());
  auto context = net::TlsContext::with_certificates(*chain);
  if (!context) return file_error(kCertificate, chain_path, context.error());
  if (const auto status = context->use_key(*key); !status) return file_error(kKey, key_path, status.error());
  return std::make_shared<const net::TlsContext>(std::move(*context));
}

std::string expiry_date(const net::TlsContext& tls) {
  const std::chrono::sys_time<std::chrono::milliseconds> when{std::chrono::milliseconds(tls.expires_at())};
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", std::chrono::time_point_cast<std::chrono::seconds>(when));
}

}  // namespace hawser::server
