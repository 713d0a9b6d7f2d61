#include "net/http_body.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"

namespace hawser::net {
namespace {

/// The size of a chunk with its extensions, or one trailer.
constexpr std::size_t kMaxLine = 1024;

bool has_control_character(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

/// A name without white space, a colon and anything.
bool is_field(std::string_view line) {
  const auto name = line.substr(0, line.find(':'));
  return !name.empty() && name.size() < line.size() && name.find_first_of(" \t") == std::string_view::npos;
}

}  // namespace

HttpBody::HttpBody(Part first, std::size_t data, std::size_t max_size)
    : part_(first), in_chunks_(first == Part::size), remaining_(data), max_size_(max_size) {}

HttpBody HttpBody::of_length(std::size_t length) {
  return {Part::data, length, length};
}

HttpBody HttpBody::chunked(std::size_t max_size) {
  return {Part::size, 0, max_size};
}

HttpBody::Progress HttpBody::feed(std::string_view& bytes) {
  auto progress = Progress::need_more;
  while (progress == Progress::need_more) {
    if (part_ == Part::data) {
      take_data(bytes);
      if (remaining_ > 0) break;
      if (!in_chunks_) return Progress::complete;
      part_ = Part::chunk_end;
    }
    progress = take_line(bytes);
    if (progress != Progress::complete) break;
    progress = end_line();
    line_.clear();
  }
  return progress;
}

void HttpBody::take_data(std::string_view& bytes) {
  const auto piece = bytes.substr(0, remaining_);
  text_ += piece;
  remaining_ -= piece.size();
  bytes.remove_prefix(piece.size());
}

HttpBody::Progress HttpBody::take_line(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  const auto piece = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
  if (line_.size() + piece.size() > kMaxLine) return Progress::malformed;
  line_ += piece;
  bytes.remove_prefix(piece.size());
  if (end == std::string_view::npos) return Progress::need_more;
  if (!line_.ends_with("\r\n")) return Progress::malformed;
  line_.resize(line_.size() - 2);
  return has_control_character(line_) ? Progress::malformed : Progress::complete;
}

HttpBody::Progress HttpBody::end_line() {
  if (part_ == Part::size) return begin_chunk();
  if (part_ == Part::trailer) return skip_trailer();
  part_ = Part::size;
  return line_.empty() ? Progress::need_more : Progress::malformed;
}

HttpBody::Progress HttpBody::begin_chunk() {
  const auto* const end = line_.data() + line_.size();
  std::size_t size = 0;
  const auto [behind, error] = std::from_chars(line_.data(), end, size, 16);
  if (error == std::errc::result_out_of_range) return Progress::too_large;
  if (error != std::errc{} || (behind != end && *behind != ';')) return Progress::malformed;
  if (size > max_size_ - text_.size()) return Progress::too_large;
  part_ = size == 0 ? Part::trailer : Part::data;
  remaining_ = size;
  return Progress::need_more;
}

HttpBody::Progress HttpBody::skip_trailer() {
  if (line_.empty()) return Progress::complete;
  trailer_bytes_ += line_.size();
  const bool fits = trailer_bytes_ <= limits::kMaxHttpHeader;
  return fits && is_field(line_) ? Progress::need_more : Progress::malformed;
}

}  // namespace hawser::net
