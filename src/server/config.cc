#include "server/config.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/json.h"
#include "server/config_file.h"
#include "server/config_keys.h"
#include "server/suggest.h"

namespace hawser::server {
namespace {

constexpr std::string_view kPrefix = "HAWSER_";
constexpr std::string_view kDefaultFile = "hawser.toml";
/// Read by the command line and by load_config itself; no settings of the server.
constexpr std::array<std::string_view, 3> kOtherVariables = {"HAWSER_CONFIG", "HAWSER_URL", "HAWSER_TOKEN"};

using Environment = std::map<std::string, std::string>;

const std::string* lookup(const Environment& environment, std::string_view name) {
  const auto found = environment.find(std::string(name));
  return found == environment.end() || found->second.empty() ? nullptr : &found->second;
}

std::optional<std::string> file_to_read(const ConfigInput& input) {
  if (input.file) return input.file;
  if (const auto* path = lookup(input.environment, "HAWSER_CONFIG")) return *path;
  std::error_code error;
  if (std::filesystem::exists(kDefaultFile, error)) return std::string(kDefaultFile);
  return std::nullopt;
}

std::vector<std::string> known_variables() {
  std::vector<std::string> names(kOtherVariables.begin(), kOtherVariables.end());
  for (const auto& key : config_keys()) {
    names.push_back(key.variable());
    for (const auto& alias : key.aliases) {
      if (alias.starts_with(kPrefix)) names.push_back(alias);
    }
  }
  return names;
}

Status refuse_unknown_variables(const Environment& environment) {
  const auto known = known_variables();
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || std::ranges::find(known, name) != known.end()) continue;
    return fail(Errc::config,
                fmt::format("environment {}: there is no such setting.{}", name, suggestion(name, known)));
  }
  return {};
}

Status apply_environment(Config& config, const Environment& environment) {
  if (auto status = refuse_unknown_variables(environment); !status) return status;
  for (const auto& key : config_keys()) {
    auto names = key.aliases;  // Weakest first.
    names.push_back(key.variable());
    for (const auto& name : names) {
      const auto* value = lookup(environment, name);
      if (value == nullptr) continue;
      if (auto status = apply_text(config, key, *value, "environment " + name); !status) return status;
    }
  }
  return {};
}

Status apply_flags(Config& config, const std::vector<Flag>& flags) {
  for (const auto& flag : flags) {
    const auto* key = find_key(flag.key);
    if (key == nullptr) return fail(Errc::internal, fmt::format("{} sets no known key", flag.source));
    if (auto status = apply_text(config, *key, flag.value, flag.source); !status) return status;
  }
  return {};
}

std::string source_of(const Config& config, const std::string& key) {
  const auto found = config.sources.find(key);
  return found == config.sources.end() ? "default" : found->second;
}

std::unexpected<Error> conflict(const Config& config, const std::string& a, const std::string& b) {
  return fail(Errc::config, fmt::format("{} ({}) and {} ({}) are both set. Keep one.", a,
                                        source_of(config, a), b, source_of(config, b)));
}

/// The rules that join several keys.
Status check_together(const Config& config) {
  const bool needs_public_key = !config.auth.algorithm.starts_with("HS");
  if (!config.auth.secret.empty() && !config.auth.secret_file.empty()) {
    return conflict(config, "auth.secret", "auth.secret_file");
  }
  if (!config.llm.api_key.empty() && !config.llm.api_key_file.empty()) {
    return conflict(config, "llm.api_key", "llm.api_key_file");
  }
  if (needs_public_key && config.auth.public_key_file.empty()) {
    return fail(Errc::config,
                fmt::format("{}: auth.algorithm {} needs auth.public_key_file, the issuer's public key "
                            "in PEM form.",
                            source_of(config, "auth.algorithm"), config.auth.algorithm));
  }
  if (!needs_public_key && !config.auth.public_key_file.empty()) {
    return fail(Errc::config,
                fmt::format("{}: auth.public_key_file is not used with auth.algorithm {}. Set the "
                            "algorithm to RS256, ES256 or EdDSA, or remove the file.",
                            source_of(config, "auth.public_key_file"), config.auth.algorithm));
  }
  if (config.server.dev && !is_loopback(config.server.host)) {
    return fail(Errc::config,
                fmt::format("{}: server.host {} cannot be combined with --dev, which is for this machine "
                            "only. Leave --dev out and set a secret (JWT_SECRET or auth.secret_file).",
                            source_of(config, "server.host"), config.server.host));
  }
  if (config.server.tls_cert_file.empty() != config.server.tls_key_file.empty()) {
    const bool has_cert = config.server.tls_key_file.empty();
    const std::string there = has_cert ? "server.tls_cert_file" : "server.tls_key_file";
    return fail(Errc::config,
                fmt::format("{}: {} is set without {}. TLS needs both, the certificate and its key; without "
                            "both the server speaks plain HTTP.",
                            source_of(config, there), there,
                            has_cert ? "server.tls_key_file" : "server.tls_cert_file"));
  }
  if (config.server.data_dir.empty()) {
    return fail(Errc::config,
                fmt::format("{}: server.data_dir is empty.", source_of(config, "server.data_dir")));
  }
  return {};
}

void describe_types(const Config& config, std::string& out) {
  for (const auto& [type, values] : config.jobs.types) {
    out +=
        fmt::format("\n[jobs.types.{}]  # {}\n", json::quoted(type), source_of(config, "jobs.types." + type));
    for (const auto& [leaf, value] : values) out += fmt::format("{} = {}\n", leaf, value);
  }
}

void describe_commands(const Config& config, std::string& out) {
  for (const auto& [name, command] : config.exec.commands) {
    std::vector<std::string> argv;
    argv.reserve(command.argv.size());
    for (const auto& word : command.argv) argv.push_back(json::quoted(word));
    out += fmt::format("\n[exec.commands.{}]  # {}\nargv = [{}]\nrestartable = {}\nallow_args = {}\n",
                       json::quoted(name), source_of(config, "exec.commands." + name), fmt::join(argv, ", "),
                       command.restartable, command.allow_args);
  }
}

}  // namespace

Result<Config> load_config(const ConfigInput& input) {
  Config config;
  if (const auto file = file_to_read(input)) {
    if (auto status = apply_file(config, *file); !status) return std::unexpected(status.error());
  }
  if (auto status = apply_environment(config, input.environment); !status)
    return std::unexpected(status.error());
  if (auto status = apply_flags(config, input.flags); !status) return std::unexpected(status.error());
  if (config.server.host.empty()) config.server.host = config.server.dev ? "127.0.0.1" : "0.0.0.0";
  if (auto status = check_together(config); !status) return std::unexpected(status.error());
  return config;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string describe(const Config& config) {
  std::string out;
  std::string_view section;
  for (const auto& key : config_keys()) {
    if (key.section() != section) {
      out += fmt::format("{}[{}]\n", section.empty() ? "" : "\n", key.section());
      section = key.section();
    }
    out += fmt::format("{} = {}  # {}\n", key.leaf(), key.show(config), source_of(config, key.name));
  }
  describe_types(config, out);
  describe_commands(config, out);
  return out;
}

bool is_loopback(std::string_view host) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(host).c_str(), &address) == 1)
    return (ntohl(address.s_addr) >> 24U) == 127;
  return host == "localhost" || host == "::1";
}

}  // namespace hawser::server
