#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/limits.h"

namespace hawser::json {

enum class Kind { object, array, string, number, boolean, null };

/// A value inside a text that `validate` accepted. It is the exact slice of the original bytes, so a
/// payload is relayed without being written again. Cheap to copy; the text must outlive it.
class View {
 public:
  View() = default;
  /// Trusts the caller that `text` is one valid JSON value without surrounding white space.
  explicit View(std::string_view text) : text_(text) {}

  Kind kind() const;
  bool is(Kind kind) const { return this->kind() == kind; }
  std::string_view raw() const { return text_; }

  /// First member of that name (compared after unescaping) of an object; nothing for other kinds.
  std::optional<View> find(std::string_view name) const;
  /// The text of such a member; nothing as well when it is no string.
  std::optional<std::string> find_string(std::string_view name) const;
  /// The unescaped text of a string, in UTF-8. A lone surrogate becomes U+FFFD.
  std::optional<std::string> as_string() const;
  /// A number written as an integer (no fraction, no exponent) that fits.
  std::optional<std::int64_t> as_integer() const;
  std::optional<double> as_number() const;
  std::optional<bool> as_boolean() const;

  /// Iteration over an array: `for (auto it = v.elements(); auto e = it.next();)`.
  class Elements {
   public:
    explicit Elements(std::string_view rest) : rest_(rest) {}
    std::optional<View> next();

   private:
    std::string_view rest_;
  };
  Elements elements() const;

  /// Iteration over an object's members in order of the text.
  struct Member {
    std::string name;
    std::string_view raw_value;
    View value() const { return View(raw_value); }
  };
  class Members {
   public:
    explicit Members(std::string_view rest) : rest_(rest) {}
    std::optional<Member> next();

   private:
    std::string_view rest_;
  };
  Members members() const;

 private:
  std::string_view text_;
};

/// Checks the whole text in one pass (RFC 8259; nesting up to `max_depth`; UTF-8 valid) and returns the
/// value without surrounding white space. Accepts all legal JSON: lone surrogate escapes, numbers of any
/// length, duplicate names.
Result<View> validate(std::string_view text, std::size_t max_depth = limits::kMaxJsonDepth);

/// Length of the first complete value at the start of `text`, which must begin without white space.
/// For protocols in which JSON is followed by something else.
Result<std::size_t> value_length(std::string_view text, std::size_t max_depth = limits::kMaxJsonDepth);

/// Appends `text` as a JSON string with quotes. Invalid UTF-8 becomes U+FFFD.
void append_string(std::string& out, std::string_view text);
std::string quoted(std::string_view text);
/// The texts as an array of strings.
std::string array_of(std::span<const std::string> texts);

/// Builds one JSON object: `Object().add("ok", true).raw("input", slice).str()`.
class Object {
 public:
  Object& add(std::string_view name, std::string_view value);
  Object& add(std::string_view name, const char* value) { return add(name, std::string_view(value)); }
  Object& add(std::string_view name, const std::string& value) { return add(name, std::string_view(value)); }
  Object& add(std::string_view name, bool value);
  Object& add(std::string_view name, std::int64_t value);
  Object& add(std::string_view name, std::uint64_t value);
  Object& add(std::string_view name, int value) { return add(name, static_cast<std::int64_t>(value)); }
  Object& add(std::string_view name, unsigned value) { return add(name, static_cast<std::uint64_t>(value)); }
  Object& add(std::string_view name, double value);
  /// `json` must be one valid value.
  Object& raw(std::string_view name, std::string_view json);
  /// Ends the object and gives it away; call once.
  std::string str();

 private:
  void key(std::string_view name);
  std::string out_ = "{";
};

}  // namespace hawser::json
