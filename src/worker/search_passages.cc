#include "worker/search_passages.h"

#include <algorithm>

#include "base/utf8.h"

namespace hawser::worker {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::size_t kBrokenBytesAllowed = 100;  ///< one in so many

std::optional<std::string> repair(std::string_view bytes) {
  const auto allowed = bytes.size() / kBrokenBytesAllowed + 1;
  std::string text;
  text.reserve(bytes.size());
  std::size_t broken = 0;
  while (!bytes.empty()) {
    const auto length = utf8::sequence_length(bytes);
    if (length == 0) {
      if (++broken > allowed) return std::nullopt;
      text += kReplacement;
      bytes.remove_prefix(1);
    } else {
      text += bytes.substr(0, length);
      bytes.remove_prefix(length);
    }
  }
  return text;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\f\v") == std::string_view::npos;
}

/// Where to cut a line that is too long: after the last space that fits, else before a character.
std::size_t cut(std::string_view line) {
  const auto space = line.substr(0, kPassageBytes).rfind(' ');
  if (space != std::string_view::npos && space > 0) return space + 1;
  auto length = kPassageBytes;
  while (length > 1 && (static_cast<unsigned char>(line[length]) & 0xc0U) == 0x80U) --length;
  return length;
}

/// Takes the first line of `rest`, without its end.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

}  // namespace

std::optional<std::string> as_text(std::string bytes) {
  if (bytes.find('\0') != std::string::npos) return std::nullopt;
  if (bytes.starts_with(kByteOrderMark)) bytes.erase(0, kByteOrderMark.size());
  if (utf8::is_valid(bytes)) return bytes;
  return repair(bytes);
}

Status for_each_passage(std::string_view text,
                        const std::function<Status(std::size_t line, std::string_view passage)>& take) {
  const char* begin = text.data();  // of the passage that is being collected
  std::size_t first = 1;
  std::size_t number = 1;
  const auto flush = [&](const char* end) -> Status {
    const std::string_view passage(begin, static_cast<std::size_t>(end - begin));
    return is_blank(passage) ? Status{} : take(first, passage);
  };
  for (std::string_view rest = text; !rest.empty(); ++number) {
    const char* const start = rest.data();
    auto line = take_line(rest);
    const bool blank = is_blank(line);
    const bool full = number - first >= kPassageLines ||
                      static_cast<std::size_t>(start - begin) + line.size() > kPassageBytes;
    if (start != begin && (blank || full)) {
      if (auto status = flush(start); !status) return status;
      begin = start;
      first = number;
    }
    while (line.size() > kPassageBytes) {
      const auto length = cut(line);
      begin = line.data();
      if (auto status = flush(begin + length); !status) return status;
      line.remove_prefix(length);
      begin = line.data();
    }
    if (blank) {
      begin = rest.data();
      first = number + 1;
    }
  }
  return flush(text.data() + text.size());
}

}  // namespace hawser::worker
