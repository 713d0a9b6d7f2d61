#include "cli/config_flags.h"

#include <CLI/CLI.hpp>

namespace hawser::cli {

void ConfigFlags::add_text(CLI::App& app, const std::string& flag, const std::string& key,
                           const std::string& help) {
  app.add_option_function<std::string>(
      flag,
      [this, flag, key](const std::string& value) {
        flags_.push_back({key, value, flag});
      },
      help);
}

std::shared_ptr<ConfigFlags> ConfigFlags::add_to(CLI::App& app, bool serving) {
  auto flags = std::make_shared<ConfigFlags>();
  auto& self = *flags;
  // The callback keeps the object alive as long as the parser.
  app.add_option_function<std::string>(
      "--config", [flags](const std::string& path) { flags->file_ = path; },
      "Configuration file (default: $HAWSER_CONFIG, then ./hawser.toml if it exists)");
  self.add_text(app, "--data-dir", "server.data_dir", "Where jobs are kept (default ./.hawser)");
  if (!serving) return flags;
  self.add_text(app, "--host", "server.host", "Address to listen on (default 0.0.0.0; with --dev 127.0.0.1)");
  self.add_text(app, "--port", "server.port", "Port to listen on; 0 takes any free one (default 3000)");
  self.add_text(app, "--loops", "server.loops", "Event loops; 0 is one a core (default 0)");
  self.add_text(app, "--static", "server.static_dir", "Folder of a web page to serve at /");
  self.add_text(app, "--tls-cert", "server.tls_cert_file", "Certificate chain (PEM): speak HTTPS");
  self.add_text(app, "--tls-key", "server.tls_key_file", "Its private key (PEM, mode 0600)");
  self.add_text(app, "--search-folder", "search.folder", "Folder that search jobs look through");
  self.add_text(app, "--store", "store.kind", "rocksdb or memory (default rocksdb)");
  self.add_text(app, "--log-level", "log.level", "debug, info, warn or error (default info)");
  app.add_flag_callback(
      "--dev",
      [flags] {
        flags->flags_.push_back({"server.dev", "true", "--dev"});
      },
      "For your own machine: makes and keeps a token secret, listens on loopback only");
  return flags;
}

Result<server::Config> ConfigFlags::load(std::map<std::string, std::string> environment) const {
  return server::load_config({file_, std::move(environment), flags_});
}

}  // namespace hawser::cli
