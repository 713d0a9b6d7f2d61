#include "cli/printer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace hawser::cli {
namespace {

using testing::HasSubstr;

struct Shown {
  std::string out;
  std::string err;
};

Shown show_chunk(std::string_view chunk, Printer::Options options = {}) {
  std::ostringstream out;
  std::ostringstream err;
  Printer printer(out, err, options);
  printer.chunk(json::View(chunk));
  printer.finish();
  return {out.str(), err.str()};
}

TEST(Printer, writes_each_kind_of_chunk_as_a_person_reads_it) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("a\nb")", "a\nb"},
      {R"("")", ""},
      {R"({"stream":"stdout","text":"x\n"})", "x\n"},
      {R"({"rank":1,"file":"a.txt","line":7,"snippet":["see ","this"," and ","that"]})",
       "a.txt:7: see this and that\n"},
      {R"({"file":"a","snippet":[]})", "a: \n"},
      {R"({"file":"a\u001b[2J","line":1,"snippet":["x\u0007\ny"]})", "a [2J:1: x  y\n"},
      {R"({"other":[1,2]})", "{\"other\":[1,2]}\n"},
      {"12.50", "12.50\n"},
      {"null", "null\n"},
  };
  for (const auto& [chunk, text] : cases) {
    EXPECT_EQ(show_chunk(chunk).out, text) << chunk;
    EXPECT_EQ(show_chunk(chunk).err, "") << chunk;
  }
}

TEST(Printer, sends_the_error_stream_of_a_command_to_the_error_stream) {
  const auto shown = show_chunk(R"({"stream":"stderr","text":"bad\n"})");
  EXPECT_EQ(shown.out, "");
  EXPECT_EQ(shown.err, "bad\n");
}

TEST(Printer, highlights_matches_only_on_a_terminal) {
  const char* hit = R"({"file":"a","line":1,"snippet":["x ","y"]})";
  EXPECT_EQ(show_chunk(hit, {.out_is_terminal = true}).out, "\033[35ma\033[0m:1: x \033[1;31my\033[0m\n");
}

TEST(Printer, ends_an_open_line_on_a_terminal_and_keeps_bytes_in_a_pipe) {
  EXPECT_EQ(show_chunk(R"("x")", {.out_is_terminal = true}).out, "x\n");
  EXPECT_EQ(show_chunk(R"("x")").out, "x");
}

TEST(Printer, json_mode_prints_bodies_and_nothing_else) {
  std::ostringstream out;
  std::ostringstream err;
  Printer printer(out, err, {.json = true, .err_is_terminal = true});
  printer.event("job:chunk", R"({"jobId":"j","payload":{"chunk":"x"}})");
  printer.chunk(json::View(R"("x")"));
  printer.progress(json::View(R"({"current":1,"total":2})"));
  printer.event("job:cancelled", "{}");
  EXPECT_EQ(out.str(),
            "{\"event\":\"job:chunk\",\"jobId\":\"j\",\"payload\":{\"chunk\":\"x\"}}\n{\"event\":\"job:"
            "cancelled\"}\n");
  EXPECT_EQ(err.str(), "");
}

TEST(Printer, the_progress_bar_makes_room_for_output) {
  std::ostringstream both;
  Printer printer(both, both, {.out_is_terminal = true, .err_is_terminal = true});
  printer.progress(json::View(R"({"current":5,"total":10,"message":"half"})"));
  printer.chunk(json::View(R"("line\n")"));
  printer.finish();
  const std::string bar = "[###############---------------]  50%  5/10  half";
  EXPECT_EQ(both.str(), bar + "\r\033[Kline\n" + bar + "\r\033[K");
}

TEST(Printer, no_bar_without_a_terminal_or_when_quiet) {
  for (const auto options : {Printer::Options{}, Printer::Options{.quiet = true, .err_is_terminal = true}}) {
    std::ostringstream out;
    std::ostringstream err;
    Printer printer(out, err, options);
    printer.progress(json::View(R"({"current":5,"total":10})"));
    EXPECT_EQ(err.str(), "");
  }
}

TEST(Printer, quiet_keeps_errors) {
  std::ostringstream out;
  std::ostringstream err;
  Printer printer(out, err, {.quiet = true});
  printer.notice("x");
  printer.error("bad\033");
  EXPECT_EQ(err.str(), "hawser: bad \n");
}

TEST(ProgressBar, stays_within_its_bounds) {
  EXPECT_THAT(progress_bar(json::View(R"({"current":0,"total":0})")), HasSubstr("  0%"));
  EXPECT_THAT(progress_bar(json::View(R"({"current":30,"total":10})")), HasSubstr("100%"));
  EXPECT_THAT(progress_bar(json::View(R"({})")), HasSubstr("0/0"));
}

}  // namespace
}  // namespace hawser::cli
