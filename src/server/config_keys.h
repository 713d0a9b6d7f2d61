#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "server/config.h"

namespace hawser::server {

/// A value as a source gave it, before it is known to fit its key.
using SettingValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

enum class KeyKind { text, boolean, integer, list };

/// One setting: its name, what it accepts, and where in Config it stands.
struct ConfigKey {
  std::string name;  ///< "server.port"
  KeyKind kind = KeyKind::text;
  std::int64_t min = 0;
  std::int64_t max = 0;
  bool secret = false;
  /// Accepted spellings; empty: any text.
  std::vector<std::string> choices;
  /// Extra names in the environment, the last one strongest but for HAWSER_<SECTION>_<KEY>.
  std::vector<std::string> aliases;
  /// The value has been checked against kind, range and choices. Its own error is a sentence's end.
  std::function<Status(Config&, const SettingValue&)> set;
  /// As TOML.
  std::function<std::string(const Config&)> show;

  std::string_view section() const;
  std::string_view leaf() const;
  /// HAWSER_<SECTION>_<KEY>.
  std::string variable() const;
};

/// All settings but the commands of [exec.commands.NAME], in the order of the example file.
std::span<const ConfigKey> config_keys();
const ConfigKey* find_key(std::string_view name);

/// Checks `value` and puts it into `config`. `text` from the environment or a flag is read by the kind of
/// the key first. `source` ("hawser.toml:3", "environment PORT", "--port") opens the error message.
Status apply(Config& config, const ConfigKey& key, const SettingValue& value, const std::string& source);
Status apply_text(Config& config, const ConfigKey& key, std::string_view text, const std::string& source);

}  // namespace hawser::server
