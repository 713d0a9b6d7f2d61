#include "server/handler_options.h"

#include "server/secrets.h"

namespace hawser::server {

Result<worker::HandlerOptions> handler_options(const Config& config) {
  worker::HandlerOptions options;
  for (const auto& [name, command] : config.exec.commands) {
    options.exec.commands[name] = {command.argv, command.restartable, command.allow_args};
  }
  options.llm.base_url = config.llm.base_url;
  options.llm.api_key = config.llm.api_key;
  options.llm.model = config.llm.model;
  options.llm.idle_timeout = config.llm.timeout;
  if (!config.llm.api_key_file.empty()) {
    auto key = read_secret_file(config.llm.api_key_file, "llm.api_key_file");
    if (!key) return std::unexpected(key.error());
    options.llm.api_key = std::move(*key);
  }
  options.search.folder = config.search.folder;
  options.search.data_dir = config.server.data_dir;
  options.search.disk_reserve = config.store.reserve_bytes;
  return options;
}

}  // namespace hawser::server
