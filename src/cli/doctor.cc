#include "cli/doctor.h"

#include <fmt/format.h>

#include <algorithm>

namespace hawser::cli {

std::vector<Finding> examine(const server::Config& config) {
  std::vector<Finding> findings{
      check_secret(config),        check_tls(config),   check_data_directory(config),
      check_free_space(config),    check_store(config), check_port(config),
      check_search_folder(config), check_llm(config),   check_redis(config)};
  return findings;
}

std::string to_line(const Finding& finding) {
  constexpr std::string_view kWords[] = {"ok", "warn", "FAIL"};
  return fmt::format("{:<5} {:<15} {}", kWords[static_cast<std::size_t>(finding.verdict)], finding.subject,
                     finding.text);
}

bool has_failure(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings,
                             [](const Finding& finding) { return finding.verdict == Verdict::failure; });
}

}  // namespace hawser::cli
