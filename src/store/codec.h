#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hawser::store {

/// Writes the fields of a stored value one behind the other. Numbers are base-128 varints, strings carry
/// their length in front.
class FieldWriter {
 public:
  FieldWriter& byte(std::uint8_t value);
  FieldWriter& number(std::uint64_t value);
  /// Small also when negative.
  FieldWriter& signed_number(std::int64_t value);
  FieldWriter& text(std::string_view value);
  /// The rest of the value, without a length.
  FieldWriter& rest(std::string_view value);
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

/// Reads them back in the same order. After the first field that is not there or that FieldWriter would not
/// have written so, every read gives zero or nothing and `ok` is false.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t byte();
  std::uint64_t number();
  /// A number that fits into 32 bits.
  std::uint32_t short_number();
  std::int64_t signed_number();
  std::string_view text();
  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }
  /// All was read and well formed.
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  void fail();

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace hawser::store
