#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "server/config.h"

namespace CLI {
class App;
}

namespace hawser::cli {

/// The flags that stand for settings, collected while a command line is parsed.
class ConfigFlags {
 public:
  /// --config and --data-dir; with `serving` all settings of `hawser serve`. The result is shared with the
  /// callbacks of `app` and filled when that has parsed.
  static std::shared_ptr<ConfigFlags> add_to(CLI::App& app, bool serving);

  /// The effective configuration of file, `environment` and these flags.
  Result<server::Config> load(std::map<std::string, std::string> environment) const;

 private:
  void add_text(CLI::App& app, const std::string& flag, const std::string& key, const std::string& help);

  std::optional<std::string> file_;
  std::vector<server::Flag> flags_;
};

}  // namespace hawser::cli
