#include "server/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "server/config_keys.h"
#include "server/job_policy.h"
#include "server/suggest.h"

namespace hawser::server {
namespace {

constexpr std::string_view kCommands = "exec.commands";
constexpr std::string_view kTypes = "jobs.types";

/// Walks the tables of one file. `path_` names the file in every message.
class FileReader {
 public:
  FileReader(Config& config, std::string path) : config_(config), path_(std::move(path)) {}

  Status read(const toml::table& root) {
    for (const auto& [name, node] : root) {
      if (auto status = read_section(name, node); !status) return status;
    }
    return {};
  }

 private:
  std::string at(const toml::source_region& region) const {
    return fmt::format("{}:{}", path_, region.begin.line);
  }

  std::unexpected<Error> unknown(const toml::key& key, std::string_view what, const std::string& full_name,
                                 const std::vector<std::string>& known) const {
    return fail(Errc::config, fmt::format("{}: unknown {} {}.{}", at(key.source()), what, full_name,
                                          suggestion(full_name, known)));
  }

  Status read_section(const toml::key& section, const toml::node& node) {
    const std::string name(section.str());
    if (!is_section(name)) return unknown(section, "section", fmt::format("[{}]", name), section_names());
    const auto* table = node.as_table();
    if (table == nullptr) {
      return fail(Errc::config, fmt::format("{}: {} is a section and needs a line [{}] of its own.",
                                            at(section.source()), name, name));
    }
    if (name == "exec") return read_exec(*table);
    for (const auto& [key, value] : *table) {
      const bool is_types = name == "jobs" && key.str() == "types";
      if (auto status = is_types ? read_types(key, value) : read_key(name, key, value); !status)
        return status;
    }
    return {};
  }

  Status read_types(const toml::key& key, const toml::node& node) {
    const auto* types = node.as_table();
    if (types == nullptr) {
      return fail(Errc::config, fmt::format("{}: write the bounds of a type as a section [jobs.types.NAME].",
                                            at(key.source())));
    }
    for (const auto& [type, body] : *types) {
      const auto prefix = fmt::format("{}.{}", kTypes, type.str());
      const auto* table = body.as_table();
      if (table == nullptr) {
        return fail(Errc::config, fmt::format("{}: write the bounds of a type as a section [{}].",
                                              at(type.source()), prefix));
      }
      auto& values = config_.jobs.types[std::string(type.str())];
      for (const auto& [name, value] : *table) {
        if (auto status = read_type_key(prefix, name, value, values); !status) return status;
      }
      config_.sources[prefix] = at(type.source());
    }
    return {};
  }

  Status read_type_key(const std::string& prefix, const toml::key& key, const toml::node& node,
                       std::map<std::string, std::int64_t>& values) const {
    const auto name = fmt::format("{}.{}", prefix, key.str());
    const auto* known = find_policy_key(key.str());
    if (known == nullptr) {
      std::vector<std::string> names;
      for (const auto& policy : policy_keys()) names.push_back(fmt::format("{}.{}", prefix, policy.leaf));
      return unknown(key, "key", name, names);
    }
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < known->min || *value > known->max) {
      return wrong(key, name, fmt::format("a whole number from {} to {}", known->min, known->max));
    }
    values[std::string(known->leaf)] = *value;
    return {};
  }

  Status read_key(const std::string& section, const toml::key& key, const toml::node& node) {
    const auto name = fmt::format("{}.{}", section, key.str());
    const auto* known = find_key(name);
    if (known == nullptr) return unknown(key, "key", name, key_names());
    const auto value = read_value(node);
    if (!value) {
      return fail(Errc::config,
                  fmt::format("{}: {} cannot be a {}.", at(key.source()), name, kind_name(node)));
    }
    return apply(config_, *known, *value, at(key.source()));
  }

  Status read_exec(const toml::table& exec) {
    for (const auto& [key, node] : exec) {
      const auto name = fmt::format("exec.{}", key.str());
      const auto* commands = node.as_table();
      if (name != kCommands) return unknown(key, "key", name, {std::string(kCommands)});
      if (commands == nullptr) {
        return fail(Errc::config, fmt::format("{}: write each command as a section [exec.commands.NAME].",
                                              at(key.source())));
      }
      for (const auto& [command, body] : *commands) {
        if (auto status = read_command(command, body); !status) return status;
      }
    }
    return {};
  }

  Status read_command(const toml::key& command, const toml::node& node) {
    const auto prefix = fmt::format("{}.{}", kCommands, command.str());
    const auto* table = node.as_table();
    if (table == nullptr) {
      return fail(Errc::config,
                  fmt::format("{}: write the command as a section [{}].", at(command.source()), prefix));
    }
    Config::Command result;
    for (const auto& [key, value] : *table) {
      if (auto status = read_command_key(prefix, key, value, result); !status) return status;
    }
    if (result.argv.empty() || result.argv.front().empty()) {
      return fail(Errc::config,
                  fmt::format("{}: [{}] needs argv = [\"program\", …].", at(command.source()), prefix));
    }
    config_.exec.commands[std::string(command.str())] = std::move(result);
    config_.sources[prefix] = at(command.source());
    return {};
  }

  Status read_command_key(const std::string& prefix, const toml::key& key, const toml::node& node,
                          Config::Command& command) const {
    const auto name = fmt::format("{}.{}", prefix, key.str());
    const auto value = read_value(node);
    if (key.str() == "argv") {
      const auto* argv = value ? std::get_if<std::vector<std::string>>(&*value) : nullptr;
      if (argv == nullptr) return wrong(key, name, R"(a list of texts, for example ["/bin/ls", "-l"])");
      command.argv = *argv;
      return {};
    }
    bool* target = nullptr;
    if (key.str() == "restartable") target = &command.restartable;
    if (key.str() == "allow_args") target = &command.allow_args;
    if (target == nullptr) {
      return unknown(key, "key", name, {prefix + ".argv", prefix + ".restartable", prefix + ".allow_args"});
    }
    const auto* flag = value ? std::get_if<bool>(&*value) : nullptr;
    if (flag == nullptr) return wrong(key, name, "true or false");
    *target = *flag;
    return {};
  }

  std::unexpected<Error> wrong(const toml::key& key, const std::string& name, std::string_view wanted) const {
    return fail(Errc::config, fmt::format("{}: {} must be {}.", at(key.source()), name, wanted));
  }

  static std::optional<SettingValue> read_value(const toml::node& node) {
    if (const auto value = node.value_exact<bool>()) return *value;
    if (const auto value = node.value_exact<std::int64_t>()) return *value;
    if (const auto value = node.value_exact<std::string>()) return *value;
    const auto* array = node.as_array();
    if (array == nullptr) return std::nullopt;
    std::vector<std::string> texts;
    for (const auto& element : *array) {
      const auto text = element.value_exact<std::string>();
      if (!text) return std::nullopt;
      texts.push_back(*text);
    }
    return texts;
  }

  static std::string_view kind_name(const toml::node& node) {
    if (node.is_table()) return "section";
    if (node.is_array()) return "list of other things than texts";
    return node.is_floating_point() ? "number with a fraction" : "date or time";
  }

  static std::vector<std::string> key_names() {
    std::vector<std::string> names;
    for (const auto& key : config_keys()) names.push_back(key.name);
    return names;
  }

  static std::vector<std::string> section_names() {
    std::set<std::string> names{"[exec]"};
    for (const auto& key : config_keys()) names.insert(fmt::format("[{}]", key.section()));
    return {names.begin(), names.end()};
  }

  static bool is_section(std::string_view name) {
    return name == "exec" ||
           std::ranges::any_of(config_keys(), [name](const ConfigKey& key) { return key.section() == name; });
  }

  Config& config_;
  std::string path_;
};

}  // namespace

Status apply_file(Config& config, const std::string& path) {
  std::ifstream stream(path);
  std::error_code error;
  if (!stream || std::filesystem::is_directory(path, error)) {
    return fail(Errc::config, fmt::format("{}: cannot be read. Check the name and its permissions.", path));
  }
  std::ostringstream text;
  text << stream.rdbuf();
  try {
    return FileReader(config, path).read(toml::parse(text.str()));
  } catch (const toml::parse_error& bad) {
    return fail(Errc::config,
                fmt::format("{}:{}: not valid TOML: {}.", path, bad.source().begin.line, bad.description()));
  }
}

}  // namespace hawser::server
