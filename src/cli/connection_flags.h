#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/loop.h"
#include "base/web_url.h"
#include "remote/client.h"
#include "remote/worker.h"

namespace CLI {
class App;
}

namespace hawser::cli {

class ConfigFlags;

/// Which server to talk to and as whom: --url, --ca-file, --token, --user, and the flags that find a local
/// secret.
struct ConnectionFlags {
  std::string url;
  std::string token;
  std::string ca_file{};
  std::string user = "dev";
  std::shared_ptr<ConfigFlags> config;

  static std::shared_ptr<ConnectionFlags> add_to(CLI::App& app);
  /// The same without --user: for workers and administrators.
  static std::shared_ptr<ConnectionFlags> add_to_worker(CLI::App& app);
};

/// Flag, then HAWSER_URL and HAWSER_TOKEN, then the defaults: http://127.0.0.1:3000, and for a server on this
/// machine a token for `user` signed with its own secret. Errors: config, unauthorized (there is no token;
/// says how to get one). No message contains a token.
Result<remote::Client::Options> connection_options(const ConnectionFlags& flags,
                                                   const std::map<std::string, std::string>& environment,
                                                   Clock& clock);
/// The same for a worker; the token for a server on this machine names `name` and every type.
Result<remote::WorkerOptions> worker_connection(const ConnectionFlags& flags, const std::string& name,
                                                const std::map<std::string, std::string>& environment,
                                                Clock& clock);

/// The same for an administrator.
struct AdminConnection {
  WebUrl url;
  std::string token;
  std::string ca_file;
};
Result<AdminConnection> admin_connection(const ConnectionFlags& flags,
                                         const std::map<std::string, std::string>& environment, Clock& clock);

}  // namespace hawser::cli
