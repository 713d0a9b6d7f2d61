#include "cli/job_input.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <istream>

#include "base/json.h"
#include "base/limits.h"

namespace hawser::cli {
namespace {

std::unexpected<Error> bad(std::string_view source, std::string_view what) {
  return fail(Errc::bad_request, fmt::format("The job's input ({}) {}.", source, what));
}

/// One byte more than allowed is enough to refuse it.
std::string read_some(std::istream& stream) {
  std::string text(limits::kMaxInputBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

}  // namespace

Result<std::string> read_job_input(const std::string& argument, std::istream& standard_input) {
  std::string source = "--input";
  std::string text = argument;
  if (argument == "-") {
    source = "standard input";
    text = read_some(standard_input);
  } else if (argument.starts_with('@')) {
    source = argument.substr(1);
    std::ifstream file(source);
    if (!file) return bad(source, "cannot be read");
    text = read_some(file);
  }
  if (text.size() > limits::kMaxInputBytes) {
    return bad(source, fmt::format("is larger than {} bytes", limits::kMaxInputBytes));
  }
  const auto value = json::validate(text);
  if (!value) return bad(source, fmt::format("is not JSON: {}", value.error().message));
  return std::string(value->raw());
}

}  // namespace hawser::cli
