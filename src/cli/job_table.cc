#include "cli/job_table.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>

namespace hawser::cli {
namespace {

/// Of a cell that other people's words fill; control characters in it must not reach a terminal.
constexpr std::size_t kWidestCell = 60;

std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  // U+0080 to U+009F are control characters as well: C2 80 to C2 9F.
  for (std::size_t at = text.find('\xc2'); at != std::string::npos; at = text.find('\xc2', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0) text.replace(at, 2, "  ");
  }
  return text;
}

std::string cell(std::string text) {
  text = printable(std::move(text));
  if (text.size() <= kWidestCell) return text;
  auto end = kWidestCell;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
    --end;  // Not within a character.
  return text.substr(0, end) + "…";
}

std::int64_t number_of(const json::View& object, std::string_view name) {
  const auto member = object.find(name);
  return member ? member->as_integer().value_or(0) : 0;
}

std::string duration_text(std::int64_t ms) {
  const auto seconds = std::max<std::int64_t>(0, ms) / 1000;
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 7200) return fmt::format("{}m", seconds / 60);
  if (seconds < 172'800) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / 86'400);
}

std::string state_of(const json::View& job) {
  auto state = job.find_string("state").value_or("");
  if (const auto place = job.find_string("place").value_or("");
      place != "none" && !(state == "running" && place == "held")) {
    state += '/' + place;
  }
  return state;
}

std::string error_of(const json::View& job) {
  const auto error = job.find("lastError");
  return error && error->is(json::Kind::object) ? error->find_string("error").value_or("") : "";
}

std::string time_text(std::int64_t wall) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(wall / 1000)));
}

bool is_time(std::string_view name) {
  return name.ends_with("At") || name == "notBefore";
}

}  // namespace

std::string job_rows(const json::View& jobs, WallMillis now, bool with_head) {
  constexpr auto kRow = "{:36}  {:19}  {:>5}  {:>7}  {:12}  {:16}  {}\n";
  std::string rows;
  if (with_head) rows = fmt::format(kRow, "JOB", "STATE", "AGE", "ATTEMPT", "TYPE", "USER", "ERROR");
  for (auto it = jobs.elements(); const auto job = it.next();) {
    rows += fmt::format(kRow, job->find_string("jobId").value_or(""), state_of(*job),
                        duration_text(now - number_of(*job, "createdAt")), number_of(*job, "attempt"),
                        cell(job->find_string("type").value_or("")),
                        cell(job->find_string("userId").value_or("")), cell(error_of(*job)));
  }
  return rows;
}

std::string job_facts(const json::View& answer) {
  std::string lines;
  const auto add = [&](std::string_view name, const std::string& value) {
    lines += fmt::format("{:20} {}\n", name, printable(value));
  };
  if (const auto job = answer.find("job")) {
    for (auto it = job->members(); const auto member = it.next();) {
      const auto value = member->value();
      if (is_time(member->name) && value.as_integer()) {
        add(member->name, time_text(*value.as_integer()));
      } else if (!value.is(json::Kind::null) && value.raw() != R"("")") {
        add(member->name, value.as_string().value_or(std::string(value.raw())));
      }
    }
  }
  if (const auto input = answer.find("input")) add("input", std::string(input->raw()));
  return lines;
}

std::string queue_rows(const json::View& answer) {
  constexpr auto kRow = "{:24}  {:>8}  {:>8}  {:>8}  {:>7}\n";
  auto rows = fmt::format(kRow, "TYPE", "QUEUED", "DELAYED", "RUNNING", "OLDEST");
  if (const auto types = answer.find("types")) {
    for (auto it = types->elements(); const auto type = it.next();) {
      rows += fmt::format(kRow, cell(type->find_string("type").value_or("")), number_of(*type, "queued"),
                          number_of(*type, "delayed"), number_of(*type, "held"),
                          duration_text(number_of(*type, "oldestQueuedMs")));
    }
  }
  const auto complete = answer.find("complete");
  if (complete && complete->as_boolean() == false) rows += "and more: not all were counted\n";
  return rows;
}

}  // namespace hawser::cli
