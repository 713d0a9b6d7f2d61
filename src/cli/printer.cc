#include "cli/printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace hawser::cli {
namespace {

constexpr std::string_view kMatchOn = "\033[1;31m";
constexpr std::string_view kFileOn = "\033[35m";
constexpr std::string_view kOff = "\033[0m";
constexpr std::string_view kEraseLine = "\r\033[K";
constexpr int kBarCells = 30;
constexpr std::size_t kMaxMessage = 40;

double number_of(const json::View& object, std::string_view name) {
  const auto member = object.find(name);
  return member ? member->as_number().value_or(0) : 0;
}

std::string coloured(bool colour, std::string_view on, std::string_view text) {
  return colour ? fmt::format("{}{}{}", on, text, kOff) : std::string(text);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }, ' ');
  return out;
}

std::string progress_bar(const json::View& progress) {
  const double current = number_of(progress, "current");
  const double total = number_of(progress, "total");
  const double share = total > 0 ? std::clamp(current / total, 0.0, 1.0) : 0;
  const int filled = static_cast<int>(share * kBarCells);
  auto message = printable(progress.find_string("message").value_or(""));
  if (message.size() > kMaxMessage) message.clear();  // A bar that wraps cannot be erased.
  return fmt::format("[{:#<{}}{:-<{}}] {:3.0f}%  {:.0f}/{:.0f}  {}", "", filled, "", kBarCells - filled,
                     share * 100, current, total, message);
}

Printer::Printer(std::ostream& out, std::ostream& err, Options options)
    : out_(out), err_(err), options_(options) {}

void Printer::event(std::string_view name, std::string_view body) {
  if (!options_.json || body.size() < 2) return;
  const bool is_empty = !json::View(body).members().next();
  out_ << R"({"event":)" << json::quoted(name) << (is_empty ? "" : ",") << body.substr(1) << '\n'
       << std::flush;
}

void Printer::chunk(const json::View& chunk) {
  if (options_.json) return;
  if (const auto text = chunk.as_string()) return write(*text);
  if (!chunk.is(json::Kind::object)) return write(fmt::format("{}\n", chunk.raw()));
  const auto stream = chunk.find("stream");
  const auto text = chunk.find("text");
  if (stream && text && text->is(json::Kind::string)) {
    if (stream->as_string() != "stderr") return write(*text->as_string());
    hide_bar();
    err_ << *text->as_string() << std::flush;
    return;
  }
  const auto file = chunk.find_string("file").value_or("");
  if (!file.empty() && chunk.find("snippet")) return write_hit(chunk, file);
  write(fmt::format("{}\n", chunk.raw()));
}

/// Odd parts of the snippet are the matches.
void Printer::write_hit(const json::View& hit, std::string_view file) {
  const bool colour = options_.out_is_terminal;
  auto line = coloured(colour, kFileOn, printable(file));
  if (const auto number = hit.find("line")) line += fmt::format(":{}", number->raw());
  line += ": ";
  bool is_match = false;
  for (auto parts = hit.find("snippet")->elements(); const auto part = parts.next(); is_match = !is_match) {
    const auto text = printable(part->as_string().value_or(""));
    line += is_match ? coloured(colour, kMatchOn, text) : text;
  }
  write(line + "\n");
}

void Printer::write(std::string_view text) {
  if (text.empty()) return;
  // An unfinished line and the bar would share a row of the terminal, so the bar waits for the line's end.
  hide_bar();
  out_ << text << std::flush;
  line_open_ = !text.ends_with('\n');
  show_bar();
}

void Printer::progress(const json::View& progress) {
  if (options_.json || options_.quiet || !options_.err_is_terminal) return;
  hide_bar();
  bar_ = progress_bar(progress);
  show_bar();
}

void Printer::hide_bar() {
  if (!bar_visible_) return;
  err_ << kEraseLine << std::flush;
  bar_visible_ = false;
}

void Printer::show_bar() {
  if (bar_.empty() || (line_open_ && options_.out_is_terminal)) return;
  err_ << bar_ << std::flush;
  bar_visible_ = true;
}

void Printer::notice(std::string_view text) {
  if (!options_.quiet) error(text);
}

void Printer::error(std::string_view text) {
  hide_bar();
  if (line_open_ && options_.out_is_terminal) out_ << '\n' << std::flush;
  line_open_ = line_open_ && !options_.out_is_terminal;
  err_ << "hawser: " << printable(text) << '\n' << std::flush;
  show_bar();
}

void Printer::finish() {
  hide_bar();
  bar_.clear();
  if (line_open_ && options_.out_is_terminal) out_ << '\n' << std::flush;
  line_open_ = false;
}

}  // namespace hawser::cli
