#include "store/partial_output.h"

#include <ranges>
#include <utility>
#include <vector>

#include "base/json.h"

namespace hawser::store {
namespace {

Result<std::uint64_t> keep_through(std::string_view resumed_payload) {
  const auto value = json::View(resumed_payload).find("keepThrough");
  const auto sequence = value ? value->as_integer() : std::nullopt;
  if (!sequence || *sequence < 0) return fail(Errc::damaged, "A job:resumed of the log has no keepThrough.");
  return static_cast<std::uint64_t>(*sequence);
}

std::string join_reversed(const std::vector<std::string>& chunks) {
  std::string array = "[";
  for (const auto& chunk : chunks | std::views::reverse) {
    if (array.size() > 1) array += ',';
    array += chunk;
  }
  array += ']';
  return array;
}

}  // namespace

Result<std::string> standing_output(std::uint64_t sequence, const EntryAt& entry_at) {
  std::vector<std::string> chunks;
  for (std::uint64_t at = sequence - 1; at > 0;) {
    const auto entry = entry_at(at);
    if (!entry) return std::unexpected(entry.error());
    if (entry->kind == job::EventKind::resumed) {
      const auto kept = keep_through(entry->payload);
      if (!kept) return std::unexpected(kept.error());
      if (*kept >= at) return fail(Errc::damaged, "A job:resumed of the log keeps events behind itself.");
      at = *kept;
      continue;
    }
    if (entry->kind == job::EventKind::chunk) chunks.emplace_back(entry->payload);
    --at;
  }
  return join_reversed(chunks);
}

Status complete(job::Event& event, const InputOf& input, const EntryAt& entry_at) {
  if (event.complete) return {};
  const bool started = event.kind == job::EventKind::started;
  auto text = started ? input() : standing_output(event.sequence, entry_at);
  if (!text) return std::unexpected(text.error());
  (started ? event.payload : event.partial_output) = share(*std::move(text));
  event.complete = true;
  return {};
}

}  // namespace hawser::store
