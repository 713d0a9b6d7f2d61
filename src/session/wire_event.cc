#include "session/wire_event.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "socketio/packet.h"

namespace hawser::session {
namespace {

using json::Object;

constexpr char kEndOfPacket = ']';

/// Of what follows the body.
std::size_t offset_tail_size(std::string_view offset) {
  return offset.empty() ? 1 : offset.size() + std::string_view(R"(,""])").size();
}

/// Offsets hold nothing that JSON escapes.
void set_offset(std::string& packet, std::string_view offset) {
  if (offset.empty()) return;
  packet.pop_back();
  packet.append(",\"").append(offset).append("\"");
  packet += kEndOfPacket;
}

std::string_view text_of(const SharedBytes& bytes, std::string_view missing) {
  return bytes && !bytes->empty() ? std::string_view(*bytes) : missing;
}

std::string_view partial_output(const job::Event& event) {
  return text_of(event.partial_output, "[]");
}

std::string checkpoint(const job::Event& event) {
  Object body;
  body.add("jobId", event.job.to_string())
      .add("sequence", event.sequence - 1)
      .raw("partialOutput", partial_output(event))
      .add("timestamp", event.timestamp);
  if (event.partial_output_truncated) body.add("partialOutputTruncated", true);
  return Object().raw("checkpoint", body.str()).str();
}

/// The members of the stored payload and then the partial output.
std::string failed(const job::Event& event) {
  Object body;
  auto members = json::View(text_of(event.payload, "{}")).members();
  while (const auto member = members.next()) body.raw(member->name, member->raw_value);
  body.raw("partialOutput", partial_output(event));
  if (event.partial_output_truncated) body.add("partialOutputTruncated", true);
  return body.str();
}

std::string payload_of(const job::Event& event) {
  const auto stored = text_of(event.payload, "null");
  switch (event.kind) {
    case job::EventKind::started:
      return Object().add("type", event.type ? *event.type : std::string()).raw("input", stored).str();
    case job::EventKind::chunk: return Object().raw("chunk", stored).str();
    case job::EventKind::progress: return Object().raw("progress", stored).str();
    case job::EventKind::checkpoint: return checkpoint(event);
    case job::EventKind::completed: return Object().raw("result", stored).str();
    case job::EventKind::failed: return failed(event);
    case job::EventKind::resumed:
    case job::EventKind::cancelled: return std::string(text_of(event.payload, "{}"));
  }
  return "null";
}

}  // namespace

SharedBytes encode_event(const job::Event& event, std::string_view offset) {
  const auto body = Object()
                        .add("jobId", event.job.to_string())
                        .raw("payload", payload_of(event))
                        .add("sequence", event.sequence)
                        .add("timestamp", event.timestamp)
                        .str();
  auto packet = socketio::encode_event(socketio::kDefaultNamespace, job::event_name(event.kind), {body});
  set_offset(packet, offset);
  return share(std::move(packet));
}

SharedBytes replace_offset(const SharedBytes& packet, std::string_view old_offset, std::string_view offset) {
  auto copy = packet->substr(0, packet->size() - offset_tail_size(old_offset));
  copy += kEndOfPacket;
  set_offset(copy, offset);
  return share(std::move(copy));
}

}  // namespace hawser::session
