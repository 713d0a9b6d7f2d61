#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "base/time.h"
#include "job/policy.h"

namespace hawser::server {

/// Everything an operator can set. A plain value: made once on the main thread before anything starts,
/// then only read. Defaults stand at the members; `hawser.example.toml` explains each for people.
struct Config {
  struct Server {
    /// Empty until loaded; then 127.0.0.1 with `dev`, else 0.0.0.0.
    std::string host;
    std::uint16_t port = 3000;
    std::size_t loops = 0;  ///< 0: one a processor core
    std::string data_dir = "./.hawser";
    /// Origins of browser pages that may connect; "*" is any.
    std::vector<std::string> client_url{"http://localhost:5173"};
    std::string static_dir;  ///< empty: no page is served
    /// Both or neither. Empty: plain HTTP.
    std::string tls_cert_file;
    std::string tls_key_file;
    std::chrono::seconds drain{20};
    /// Fewer are taken where the limit of open files does not allow that many.
    std::size_t max_connections = limits::kMaxConnections;
    std::size_t max_connections_per_address = 0;  ///< 0: no bound
    /// For a request's head, and for its body beside what slow lines need.
    Millis request_timeout = limits::kHttpReadTimeout;
    std::string metrics = "loopback";  ///< who may read /metrics; or "all", or "off"
    /// Makes a secret of its own and listens on this machine only.
    bool dev = false;
  } server;

  struct Auth {
    std::string secret;
    std::string secret_file;
    std::string algorithm = "HS256";
    std::string public_key_file;
  } auth;

  struct Engine {
    Millis ping_interval{25'000};
    Millis ping_timeout{60'000};
    std::size_t max_payload = limits::kMaxPayload;
    bool permessage_deflate = false;
    Millis connect_timeout = limits::kConnectTimeout;
  } engine;

  struct Worker {
    std::size_t threads = limits::kDefaultHandlerThreads;  ///< 0: no job runs in the server
    std::vector<std::string> remote_types;                 ///< that only other processes run
    Millis lease = limits::kDefaultLease;                  ///< of a worker in another process
  } worker;

  struct Jobs {
    job::Quota quota;
    job::Policy policy;  ///< of the types that have none of their own
    /// What [jobs.types.NAME] sets; the rest of such a policy is `policy`'s.
    std::map<std::string, std::map<std::string, std::int64_t>, std::less<>> types;
  } jobs;

  job::Retention retention;

  struct Store {
    std::string kind = "rocksdb";  ///< or "memory"
    std::uint64_t reserve_bytes = limits::kDefaultStorageReserve;
  } store;

  struct Redis {
    std::string url;  ///< looked at by `hawser doctor`; the server runs on its embedded store
  } redis;

  struct Search {
    std::string folder;  ///< empty: the job type `search` does not exist
  } search;

  struct Command {
    std::vector<std::string> argv;
    bool restartable = false;
    bool allow_args = false;
  };
  struct Exec {
    std::map<std::string, Command> commands;
  } exec;

  struct Llm {
    std::string base_url;  ///< empty: the job type `llm` does not exist
    std::string api_key;
    std::string api_key_file;
    std::string model;
    std::chrono::seconds timeout{60};
  } llm;

  struct Log {
    std::string level = "info";
  } log;

  /// Where each value that is no default came from: "server.port" -> "environment PORT".
  std::map<std::string, std::string> sources;
};

/// One value from the command line, spelt as in the environment.
struct Flag {
  std::string key;     ///< "server.port"
  std::string value;   ///< "3000"; lists separated by commas
  std::string source;  ///< "--port"
};

struct ConfigInput {
  /// Given by the user, so it must exist. Without it HAWSER_CONFIG and then ./hawser.toml are tried.
  std::optional<std::string> file;
  std::map<std::string, std::string> environment;
  std::vector<Flag> flags;
};

/// File < environment < flags. Errors (config) name the source, the key and what to do: unknown sections,
/// keys and HAWSER_ variables (with a suggestion), wrong types, values out of range, values that do not
/// go together. Empty environment variables count as not set, as containers pass them.
Result<Config> load_config(const ConfigInput& input);

/// The variables of this process: the one place where they are read.
std::map<std::string, std::string> process_environment();

/// The effective configuration as TOML, each line with its source, secrets redacted.
std::string describe(const Config& config);

bool is_loopback(std::string_view host);

}  // namespace hawser::server
