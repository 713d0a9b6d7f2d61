#include "engineio/handshake.h"

#include <gtest/gtest.h>

#include <string>

namespace hawser::engineio {
namespace {

using Method = Request::Method;

Request request(std::string_view query, Method method = Method::get, bool upgrade = false,
                OriginVerdict origin = OriginVerdict::allowed) {
  return {method, upgrade, origin, parse_query(query)};
}

TEST(Query, reads_the_protocols_keys_in_any_order) {
  const auto query = parse_query("t=abc&sid=x%2Dy&transport=polling&x&EIO=4&token=a%2Bb+c%25&=&y=1");
  EXPECT_EQ(query.sid, "x-y");
  EXPECT_EQ(query.transport, "polling");
  EXPECT_EQ(query.version, "4");
  EXPECT_EQ(query.token, "a+b c%");
}

TEST(Query, knows_absent_from_empty) {
  EXPECT_EQ(parse_query("").sid, std::nullopt);
  EXPECT_EQ(parse_query("sid").sid, "");
  EXPECT_EQ(parse_query("sid=").sid, "");
  EXPECT_EQ(parse_query("&&sid=a=b&").sid, "a=b");
}

TEST(Query, makes_a_repeated_key_invalid) {
  EXPECT_EQ(check_request(request("transport=polling&transport=websocket")), ErrorCode::transport_unknown);
  EXPECT_EQ(check_request(request("transport=polling&%74ransport=polling")), ErrorCode::transport_unknown);
}

TEST(Query, keeps_malformed_escapes) {
  EXPECT_EQ(percent_decode("%", true), "%");
  EXPECT_EQ(percent_decode("%4", true), "%4");
  EXPECT_EQ(percent_decode("%zz%41%4a+", false), "%zzAJ+");
}

TEST(Handshake, refuses_in_the_order_of_the_protocol) {
  struct Row {
    const char* query;
    Method method;
    bool upgrade;
    OriginVerdict origin;
    std::optional<ErrorCode> expected;
  };
  constexpr auto kGood = OriginVerdict::allowed;
  const Row table[] = {
      {"EIO=4&transport=polling", Method::get, false, kGood, std::nullopt},
      {"EIO=4&transport=websocket", Method::get, true, kGood, std::nullopt},
      {"EIO=4", Method::get, false, kGood, ErrorCode::transport_unknown},
      {"EIO=4&transport=websockett", Method::get, true, kGood, ErrorCode::transport_unknown},
      {"EIO=4&transport=__proto__", Method::get, false, kGood, ErrorCode::transport_unknown},
      {"transport=x", Method::post, false, OriginVerdict::refused, ErrorCode::transport_unknown},
      {"transport=polling", Method::post, false, OriginVerdict::malformed, ErrorCode::bad_request},
      {"transport=polling", Method::post, false, OriginVerdict::refused, ErrorCode::forbidden},
      {"transport=polling", Method::post, false, kGood, ErrorCode::bad_handshake_method},
      {"EIO=4&transport=polling", Method::other, false, kGood, ErrorCode::bad_handshake_method},
      {"EIO=3&transport=websocket", Method::get, false, kGood, ErrorCode::bad_request},
      {"EIO=4&transport=polling", Method::get, true, kGood, ErrorCode::bad_request},
      {"transport=polling", Method::get, false, kGood, ErrorCode::unsupported_version},
      {"EIO=3&transport=polling", Method::get, false, kGood, ErrorCode::unsupported_version},
      {"EIO=4x&transport=websocket", Method::get, true, kGood, ErrorCode::unsupported_version},
      {"EIO=04&transport=polling", Method::get, false, kGood, ErrorCode::unsupported_version},
  };
  for (const auto& row : table) {
    const auto checked = request(row.query, row.method, row.upgrade, row.origin);
    auto error = check_request(checked);
    if (!error) error = check_new_session(checked);
    EXPECT_EQ(error, row.expected) << row.query;
  }
}

TEST(Handshake, checks_requests_of_a_session) {
  struct Row {
    const char* query;
    Method method;
    bool upgrade;
    std::optional<Transport> session;
    std::optional<ErrorCode> expected;
  };
  const Row table[] = {
      {"EIO=4&transport=polling&sid=a", Method::get, false, Transport::polling, std::nullopt},
      {"EIO=4&transport=polling&sid=a", Method::post, false, Transport::polling, std::nullopt},
      {"EIO=4&transport=websocket&sid=a", Method::get, true, Transport::polling, std::nullopt},
      {"EIO=4&transport=websocket&sid=a", Method::get, true, Transport::websocket, std::nullopt},
      {"EIO=4&transport=polling&sid=a", Method::get, false, std::nullopt, ErrorCode::session_unknown},
      {"EIO=4&transport=websocket&sid=a", Method::get, true, std::nullopt, ErrorCode::session_unknown},
      {"EIO=4&transport=polling&sid=a", Method::get, false, Transport::websocket, ErrorCode::bad_request},
      {"EIO=4&transport=polling&sid=a", Method::post, false, Transport::websocket, ErrorCode::bad_request},
      {"EIO=4&transport=websocket&sid=a", Method::get, false, Transport::polling, ErrorCode::bad_request},
      {"EIO=4&transport=polling&sid=a", Method::other, false, Transport::polling, ErrorCode::bad_request},
      {"EIO=3&transport=websocket&sid=a", Method::get, true, Transport::polling,
       ErrorCode::unsupported_version},
      {"transport=polling&sid=a", Method::get, false, Transport::polling, ErrorCode::unsupported_version},
  };
  for (const auto& row : table) {
    EXPECT_EQ(check_session(request(row.query, row.method, row.upgrade), row.session), row.expected)
        << row.query;
  }
}

TEST(Handshake, spells_errors_as_the_reference_does) {
  EXPECT_EQ(error_body(ErrorCode::transport_unknown), R"({"code":0,"message":"Transport unknown"})");
  EXPECT_EQ(error_body(ErrorCode::session_unknown), R"({"code":1,"message":"Session ID unknown"})");
  EXPECT_EQ(error_body(ErrorCode::bad_handshake_method), R"({"code":2,"message":"Bad handshake method"})");
  EXPECT_EQ(error_body(ErrorCode::bad_request), R"({"code":3,"message":"Bad request"})");
  EXPECT_EQ(error_body(ErrorCode::unsupported_version),
            R"({"code":5,"message":"Unsupported protocol version"})");
  EXPECT_EQ(http_status(ErrorCode::forbidden), 403);
  EXPECT_EQ(http_status(ErrorCode::transport_unknown), 400);
}

TEST(Handshake, opens_with_exactly_five_keys) {
  const Settings settings{
      .ping_interval = Millis(300), .ping_timeout = Millis(200), .max_payload = 1'000'000};
  EXPECT_EQ(open_data("vFDGG_wfIV_NrQKnAAAb", Transport::polling, settings),
            R"({"sid":"vFDGG_wfIV_NrQKnAAAb","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,)"
            R"("maxPayload":1000000})");
  EXPECT_EQ(open_data("a", Transport::websocket, settings),
            R"({"sid":"a","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000})");
}

}  // namespace
}  // namespace hawser::engineio
