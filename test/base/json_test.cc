#include "base/json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/utf8.h"

namespace hawser::json {
namespace {

TEST(JsonValidate, accepts_all_legal_json) {
  for (const std::string text :
       {"0", "-0", "1e400", "123456789012345678901234567890", "1.5E+10", "true", "null", R"("")",
        R"("\ud800")", R"("\u0000\"\\\/\b\f\n\r\t")", "[]", "{}", R"({"a":1,"a":2})", " [ 1 , 2 ] ",
        "\"\xf0\x9f\x98\x80\"", R"({"__proto__":{"x":[]}})"}) {
    EXPECT_TRUE(validate(text)) << text;
  }
}

TEST(JsonValidate, refuses_what_is_not_json) {
  for (const std::string text : {"",
                                 " ",
                                 "01",
                                 "-",
                                 "1.",
                                 ".5",
                                 "+1",
                                 "1e",
                                 "tru",
                                 "nul",
                                 "'a'",
                                 "\"",
                                 "\"\\x\"",
                                 "\"\\u12g4\"",
                                 "\"\n\"",
                                 "[1,]",
                                 "[1 2]",
                                 "[",
                                 "{",
                                 "{a:1}",
                                 "{\"a\"}",
                                 "{\"a\":}",
                                 "{\"a\":1,}",
                                 "1 1",
                                 "\"\xff\"",
                                 "\"\xc0\x80\"",
                                 "\"\xed\xa0\x80\"",
                                 "NaN",
                                 "Infinity",
                                 "[1]x"}) {
    EXPECT_FALSE(validate(text)) << text;
  }
}

TEST(JsonValidate, bounds_the_nesting) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(validate(nested(limits::kMaxJsonDepth)));
  EXPECT_FALSE(validate(nested(limits::kMaxJsonDepth + 1)));
  EXPECT_FALSE(validate(std::string(100'000, '[')));
}

TEST(JsonValidate, value_length_finds_the_end_of_the_first_value) {
  EXPECT_EQ(value_length("[1,2]rest").value(), 5U);
  EXPECT_EQ(value_length(R"("a]"x)").value(), 4U);
}

TEST(JsonView, finds_members_as_exact_slices_of_the_text) {
  const std::string text = R"({ "a" : 1 , "b" : [ 1, {"c":"x}"} ] , "k\u0065y" : "v" })";
  const auto view = validate(text).value();
  EXPECT_EQ(view.find("a")->raw(), "1");
  EXPECT_EQ(view.find("b")->raw(), R"([ 1, {"c":"x}"} ])");
  EXPECT_EQ(view.find("key")->as_string(), "v");
  EXPECT_FALSE(view.find("missing"));
}

TEST(JsonView, iterates_arrays_and_objects_in_order) {
  const auto array = validate(R"([1,"two",[3],{"f":4},null])").value();
  std::vector<std::string> seen;
  auto elements = array.elements();
  while (const auto element = elements.next()) seen.emplace_back(element->raw());
  EXPECT_EQ(seen, (std::vector<std::string>{"1", "\"two\"", "[3]", R"({"f":4})", "null"}));

  const auto object = validate(R"({"x":1,"y":{"z":2}})").value();
  auto members = object.members();
  EXPECT_EQ(members.next()->name, "x");
  EXPECT_EQ(members.next()->raw_value, R"({"z":2})");
  EXPECT_FALSE(members.next());
}

TEST(JsonView, reads_scalars_strictly) {
  EXPECT_EQ(View("42").as_integer(), 42);
  EXPECT_FALSE(View("42.0").as_integer());
  EXPECT_FALSE(View("9223372036854775808").as_integer());
  EXPECT_EQ(View("2.5").as_number(), 2.5);
  EXPECT_EQ(View("true").as_boolean(), true);
  EXPECT_FALSE(View("\"1\"").as_integer());
}

TEST(JsonView, unescapes_to_utf8_and_replaces_lone_surrogates) {
  EXPECT_EQ(View(R"("\u00e9\ud83d\ude00\n")").as_string(), "\xc3\xa9\xf0\x9f\x98\x80\n");
  EXPECT_EQ(View(R"("\ud800x")").as_string(), "\xEF\xBF\xBDx");
}

TEST(JsonWrite, quotes_control_characters_and_repairs_utf8) {
  EXPECT_EQ(quoted("a\"\\\n\x01\x7f"), R"("a\"\\\n\u0001\u007f")");
  EXPECT_EQ(quoted("\xff\xc3\xa9"), "\"\xEF\xBF\xBD\xc3\xa9\"");
}

TEST(JsonWrite, builds_objects) {
  EXPECT_EQ(Object().add("ok", true).add("n", std::uint64_t{7}).add("s", "x").raw("r", "[1]").str(),
            R"({"ok":true,"n":7,"s":"x","r":[1]})");
  EXPECT_EQ(Object().str(), "{}");
}

TEST(Utf8, accepts_only_well_formed_sequences) {
  EXPECT_TRUE(utf8::is_valid("plain ascii, long enough for words \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
  for (const std::string bad :
       {"\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5", "\xe2\x82"}) {
    EXPECT_FALSE(utf8::is_valid(bad));
  }
}

}  // namespace
}  // namespace hawser::json
