#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace hawser::server {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(Metrics, every_sample_is_described_once_and_has_a_value) {
  std::istringstream lines(prometheus_text({}));
  std::set<std::string> helped;
  std::set<std::string> typed;
  std::set<std::string> samples;
  for (std::string line; std::getline(lines, line);) {
    const auto name = line.substr(line.starts_with('#') ? 7 : 0,
                                  line.find_first_of(" {", 7) - (line.starts_with('#') ? 7 : 0));
    if (line.starts_with("# HELP ")) {
      EXPECT_TRUE(helped.insert(name).second) << line;
      EXPECT_TRUE(line.ends_with('.')) << line;
    } else if (line.starts_with("# TYPE ")) {
      EXPECT_THAT(line,
                  MatchesRegex(name.ends_with("_total") ? "# TYPE [a-z_]+ counter" : "# TYPE [a-z_]+ gauge"));
      typed.insert(name);
    } else {
      EXPECT_THAT(line, MatchesRegex(R"((hawser|process)_[a-z_]+(\{[a-z]+="[a-z_0-9]+"\})? [0-9.]+)"));
      EXPECT_TRUE(samples.insert(line.substr(0, line.find(' '))).second) << line;
      EXPECT_TRUE(helped.contains(name) && typed.contains(name)) << line;
    }
  }
  EXPECT_EQ(helped, typed);
  EXPECT_GT(samples.size(), 60U);
}

TEST(Metrics, says_who_was_turned_away_and_why) {
  Metrics metrics;
  metrics.net.connections = 7;
  metrics.net.refusals[static_cast<std::size_t>(net::Refusal::unauthenticated)] = 3;
  metrics.net.endings[static_cast<std::size_t>(net::Ending::too_slow)] = 2;
  metrics.net.refused_requests[net::slot_of(net::kRefusedStatuses, 413)] = 5;
  metrics.net.refused_requests[net::slot_of(net::kRefusedStatuses, 418)] = 1;
  metrics.net.websocket_faults[net::slot_of(net::kFaultCodes, 1007)] = 4;
  const auto text = prometheus_text(metrics);
  EXPECT_THAT(text, HasSubstr("\nhawser_connections 7\n"));
  EXPECT_THAT(text, HasSubstr("hawser_refused_total{reason=\"unauthenticated\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("hawser_sessions_closed_total{reason=\"too_slow\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("hawser_http_refused_total{status=\"413\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("hawser_http_refused_total{status=\"other\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("hawser_websocket_faults_total{code=\"1007\"} 4\n"));
}

}  // namespace
}  // namespace hawser::server
