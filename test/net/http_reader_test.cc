#include "net/http_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hawser::net {
namespace {

constexpr std::size_t kMaxBody = 100;

/// What the reader made of a stream: "METHOD path?query body" for each request, or the status it failed with.
std::vector<std::string> read(const std::string& bytes, std::size_t piece) {
  HttpReader reader(kMaxBody);
  std::vector<std::string> seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto input = std::string_view(bytes).substr(at, piece);
    auto progress = HttpReader::Progress::head;
    while (progress == HttpReader::Progress::head || !input.empty()) {
      progress = reader.feed(input);
      if (progress == HttpReader::Progress::failed) {
        seen.push_back(std::to_string(reader.status()));
        return seen;
      }
      if (progress == HttpReader::Progress::complete) {
        const auto& head = reader.head();
        seen.push_back(head.method + ' ' + head.path + '?' + head.query + ' ' + reader.body());
        reader.reset();
        EXPECT_FALSE(reader.is_started());
      }
    }
  }
  if (reader.is_started()) seen.emplace_back("incomplete");
  return seen;
}

struct Row {
  std::string name;
  std::string bytes;
  std::vector<std::string> expected;
};

std::string request(const std::string& line, const std::string& headers, const std::string& rest = "") {
  return line + "\r\nHost: h\r\n" + headers + "\r\n" + rest;
}

std::vector<Row> rows() {
  const std::string follow = request("GET /next HTTP/1.1", "");
  return {
      {"plain", request("GET /a?b=c HTTP/1.1", ""), {"GET /a?b=c "}},
      {"escapes in the path", request("GET /a%20b%2fc?d%20 HTTP/1.1", ""), {"GET /a b/c?d%20 "}},
      {"absolute form", request("GET http://h/a?b HTTP/1.1", ""), {"GET /a?b "}},
      {"absolute form without path", request("GET http://h HTTP/1.1", ""), {"GET /? "}},
      {"body, then the next request",
       request("POST /p HTTP/1.1", "Content-Length: 5\r\n", "hello") + follow,
       {"POST /p? hello", "GET /next? "}},
      {"empty body",
       request("POST /p HTTP/1.1", "Content-Length: 0\r\n") + follow,
       {"POST /p? ", "GET /next? "}},
      {"a GET with a body does not shift the next request",
       request("GET /p HTTP/1.1", "Content-Length: 5\r\n", "GET /") + follow,
       {"GET /p? GET /", "GET /next? "}},
      {"chunked",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n") +
           follow,
       {"POST /p? abcde", "GET /next? "}},
      // Beast's own parser of chunks ended the process when this came in pieces.
      {"no chunk but the last",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n") + follow,
       {"POST /p? ", "GET /next? "}},
      {"chunks with extensions and trailers",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n",
               "3;a;b=\"c\"\r\nabc\r\n00;d\r\nTrailer: x\r\nOther:\r\n\r\n") +
           follow,
       {"POST /p? abc", "GET /next? "}},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", {"GET /? "}},
      {"incomplete", "GET / HT", {"incomplete"}},

      {"both lengths",
       request("POST /p HTTP/1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       {"400"}},
      {"both lengths, the other way",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
       {"400"}},
      {"two equal lengths",
       request("POST /p HTTP/1.1", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
       {"400"}},
      {"two lengths",
       request("POST /p HTTP/1.1", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello"),
       {"400"}},
      {"list of lengths", request("POST /p HTTP/1.1", "Content-Length: 5, 5\r\n", "hello"), {"400"}},
      {"length with sign", request("POST /p HTTP/1.1", "Content-Length: +5\r\n", "hello"), {"400"}},
      {"hexadecimal length", request("POST /p HTTP/1.1", "Content-Length: 0x5\r\n", "hello"), {"400"}},
      {"negative length", request("POST /p HTTP/1.1", "Content-Length: -5\r\n", "hello"), {"400"}},
      {"overflowing length",
       request("POST /p HTTP/1.1", "Content-Length: 18446744073709551617\r\n", "a"),
       {"400"}},
      {"empty length", request("POST /p HTTP/1.1", "Content-Length:\r\n", "a"), {"400"}},
      {"unknown coding", request("POST /p HTTP/1.1", "Transfer-Encoding: xchunked\r\n"), {"400"}},
      {"chunked not last", request("POST /p HTTP/1.1", "Transfer-Encoding: chunked, x\r\n"), {"400"}},
      {"coding before chunked", request("POST /p HTTP/1.1", "Transfer-Encoding: gzip, chunked\r\n"), {"400"}},
      {"two codings",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"),
       {"400"}},
      {"chunked in HTTP/1.0", request("POST /p HTTP/1.0", "Transfer-Encoding: chunked\r\n"), {"400"}},
      {"bad chunk size",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "-1\r\nabc\r\n"),
       {"400"}},
      {"empty chunk size",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "\r\nabc\r\n"),
       {"400"}},
      {"hexadecimal mark of a chunk size",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n"),
       {"400"}},
      {"white space behind a chunk size",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "3 \r\nabc\r\n"),
       {"400"}},
      {"overflowing chunk size",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "10000000000000003\r\nabc\r\n"),
       {"413"}},
      {"bare line feed behind a chunk size",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "3\nabc\r\n"),
       {"400"}},
      {"a chunk that is longer than its size",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n"),
       {"400"}},
      {"a chunk that is shorter than its size",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "3\r\nab\r\n0\r\n\r\n"),
       {"400"}},
      {"control character in an extension",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "3;a\rb\r\nabc\r\n"),
       {"400"}},
      {"long extension",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "3;" + std::string(2000, 'x')),
       {"400"}},
      {"trailer without colon",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "0\r\nnonsense\r\n\r\n"),
       {"400"}},
      {"folded trailer",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "0\r\na: b\r\n c:\r\n\r\n"),
       {"400"}},
      {"many trailers",
       [] {
         std::string trailers;
         for (int i = 0; i < 200; ++i) trailers += "a: " + std::string(100, 'x') + "\r\n";
         return request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "0\r\n" + trailers);
       }(),
       {"400"}},
      {"folded header", request("GET / HTTP/1.1", "A: b\r\n c\r\n"), {"400"}},
      {"space before the colon", request("GET / HTTP/1.1", "Content-Length : 5\r\n"), {"400"}},
      {"line without colon", request("GET / HTTP/1.1", "nonsense\r\n"), {"400"}},
      {"bare line feeds", "GET / HTTP/1.1\nHost: h\n\n", {"400"}},
      {"one bare line feed", request("GET / HTTP/1.1", "A: b\nC: d\r\n"), {"400"}},
      {"bare carriage return", request("GET / HTTP/1.1", "A: b\rC: d\r\n"), {"400"}},
      {"NUL in a header", request("GET / HTTP/1.1", std::string("A: b\0c\r\n", 8)), {"400"}},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", {"400"}},
      {"two Hosts", request("GET / HTTP/1.1", "Host: i\r\n"), {"400"}},
      {"asterisk", request("OPTIONS * HTTP/1.1", ""), {"400"}},
      {"authority form", request("CONNECT h:80 HTTP/1.1", ""), {"400"}},
      {"NUL in the path", request("GET /a%00b HTTP/1.1", ""), {"400"}},
      {"garbage", "\x16\x03\x01\x02\r\n\r\n", {"400"}},
      {"unknown version", request("GET / HTTP/1.2", ""), {"505"}},
      {"too long a body, by its length", request("POST /p HTTP/1.1", "Content-Length: 101\r\n"), {"413"}},
      {"too long a body, in chunks",
       request("POST /p HTTP/1.1", "Transfer-Encoding: chunked\r\n", "65\r\n" + std::string(101, 'x')),
       {"413"}},
      {"long header", request("GET / HTTP/1.1", "A: " + std::string(20'000, 'x') + "\r\n"), {"431"}},
      {"many headers",
       [] {
         std::string headers;
         for (int i = 0; i < 200; ++i) headers += "A: b\r\n";
         return request("GET / HTTP/1.1", headers);
       }(),
       {"431"}},
  };
}

TEST(HttpReader, reads_whole_input) {
  for (const auto& row : rows()) EXPECT_EQ(read(row.bytes, row.bytes.size()), row.expected) << row.name;
}

TEST(HttpReader, reads_the_same_in_pieces_of_any_size) {
  for (const auto& row : rows()) {
    for (const std::size_t piece : {1, 2, 3, 5, 7, 11, 64}) {
      EXPECT_EQ(read(row.bytes, piece), row.expected) << row.name << " in pieces of " << piece;
    }
  }
}

HttpHead head_of(const std::string& text) {
  HttpReader reader(kMaxBody);
  std::string_view input = text;
  EXPECT_EQ(reader.feed(input), HttpReader::Progress::head) << text;
  return reader.head();
}

TEST(HttpReader, takes_out_the_headers_that_matter) {
  const auto head =
      head_of(request("POST /p HTTP/1.1",
                      "Origin: https://a\r\nContent-Type: text/plain\r\nAuthorization: Bearer t\r\n"
                      "Access-Control-Request-Headers: x-a\r\nExpect: 100-continue\r\n"
                      "Content-Length: 3\r\n"));
  EXPECT_EQ(head.host, "h");
  EXPECT_EQ(head.origin, "https://a");
  EXPECT_EQ(head.content_type, "text/plain");
  EXPECT_EQ(head.authorization, "Bearer t");
  EXPECT_EQ(head.requested_headers, "x-a");
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.has_body);
  EXPECT_TRUE(head.keep_alive);
}

TEST(HttpReader, knows_how_the_connection_is_to_go_on) {
  EXPECT_FALSE(head_of(request("GET / HTTP/1.1", "Connection: close\r\n")).keep_alive);
  EXPECT_FALSE(head_of("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(head_of("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(HttpReader, recognises_upgrades_to_websocket) {
  const auto wants = [](const std::string& line, const std::string& headers) {
    return head_of(request(line, headers)).wants_websocket;
  };
  EXPECT_TRUE(wants("GET / HTTP/1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\n"));
  EXPECT_TRUE(wants("GET / HTTP/1.1", "Upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n"));
  EXPECT_FALSE(wants("GET / HTTP/1.1", "Upgrade: h2c\r\nConnection: Upgrade\r\n"));
  EXPECT_FALSE(wants("GET / HTTP/1.1", "Upgrade: websocket\r\n"));
  EXPECT_FALSE(wants("GET / HTTP/1.1", "Connection: Upgrade\r\n"));
  EXPECT_FALSE(wants("POST / HTTP/1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\n"));
  EXPECT_FALSE(wants("GET / HTTP/1.0", "Upgrade: websocket\r\nConnection: Upgrade\r\n"));
}

}  // namespace
}  // namespace hawser::net
