#pragma once

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "test/fuzz/choices.h"
#include "test/fuzz/connection/server.h"

namespace hawser::fuzz {

inline constexpr std::size_t kTokens = 8;

inline std::string mint(std::string_view user, std::size_t number, std::optional<Millis> lifetime) {
  return *authenticator().mint(user, OwnClock::kStartWall + static_cast<WallMillis>(number) * 1000, lifetime);
}

/// Of two users in turn; each differs from the others.
inline const std::string& token(std::size_t number) {
  static const auto tokens = [] {
    std::vector<std::string> made;
    for (std::size_t i = 0; i < kTokens; ++i)
      made.push_back(mint(i % 2 == 0 ? "ann" : "bob", i, std::nullopt));
    return made;
  }();
  return tokens[number % tokens.size()];
}

inline const std::string& short_token() {
  static const auto made = mint("ann", 0, Millis(40'000));
  return made;
}

/// What clients say: Engine.IO packets in the form of polling, most of them commands that make sense.
class Words {
 public:
  explicit Words(Choices& choices) : choices_(choices) {}

  /// `jobs` are those that can be talked about.
  std::string packet(const std::vector<std::string>& jobs) {
    switch (choices_.below(14)) {
      case 0:
      case 1: return connect(token(choices_.byte()));
      case 2: return strange_connect();
      case 3:
      case 4: return start();
      case 5: return about("subscribe:job", jobs);
      case 6: return about("unsubscribe:job", jobs);
      case 7: return about("cancel:job", jobs);
      case 8: return about("resume:job", jobs);
      case 9: return sync(jobs);
      case 10: return command("auth:refresh", token_object(choices_.flag() ? token(0) : short_token()));
      case 11: return protocol_packet();
      case 12: return choices_.flag() ? R"(451-7["x",{"_placeholder":true,"num":0}])" : "bAQID";
      default: return std::string(choices_.text());
    }
  }

 private:
  static std::string token_object(std::string_view token) {
    return fmt::format(R"({{"token":"{}"}})", token);
  }
  static std::string connect(std::string_view token) { return "40" + token_object(token); }
  std::string strange_connect() {
    switch (choices_.below(3)) {
      case 0: return connect("x");
      case 1: return connect(short_token());
      default: return "40";  // The token in the query counts.
    }
  }
  std::string command(std::string_view name, std::string_view argument) {
    const auto ack = choices_.flag() ? std::to_string(next_ack_++) : std::string();
    return fmt::format("42{}[\"{}\",{}]", ack, name, argument);
  }
  std::string some_job(const std::vector<std::string>& jobs) {
    const auto choice = choices_.below(jobs.size() + 1);
    return choice < jobs.size() ? jobs[choice] : "job_00000000000070008000000000000000";
  }
  std::string about(std::string_view name, const std::vector<std::string>& jobs) {
    return command(name, '"' + some_job(jobs) + '"');
  }
  std::string sync(const std::vector<std::string>& jobs) {
    const auto job = some_job(jobs);
    const auto last = choices_.below(5);
    return command("reconnect:sync", fmt::format(R"({{"jobId":"{}","lastSequence":{}}})", job, last));
  }
  std::string start() {
    const auto key = choices_.below(4);
    const auto member = key == 0 ? std::string() : fmt::format(R"(,"idempotencyKey":"k{}")", key);
    return command("start:job", fmt::format(R"({{"type":"test-job","input":{{}}{}}})", member));
  }
  std::string protocol_packet() {
    constexpr std::array<std::string_view, 8> kPackets = {"41",     "1", "3", "2",
                                                          "2probe", "5", "6", "40/other,"};
    return std::string(kPackets[choices_.below(kPackets.size())]);
  }

  Choices& choices_;
  int next_ack_ = 0;
};

}  // namespace hawser::fuzz
