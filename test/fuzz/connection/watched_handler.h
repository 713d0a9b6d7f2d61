#pragma once

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/channel.h"
#include "base/json.h"
#include "base/limits.h"
#include "job/event.h"
#include "socketio/packet.h"
#include "test/fuzz/check.h"

namespace hawser::fuzz {

/// The jobs of a server as its store has announced them.
struct Jobs {
  struct Job {
    std::string owner;
    std::uint64_t born = 0;  ///< the how-manieth job this is
    std::uint64_t head = 0;  ///< sequence of its last event
  };
  std::map<std::string, Job> by_id;

  void announce(const job::Event& event) {
    auto& job = by_id[event.job.to_string()];
    if (job.born == 0) job.born = by_id.size();
    job.owner = *event.owner;
    job.head = event.sequence;
  }
};

/// The events of one job that a session was sent.
struct Stream {
  std::uint64_t last = 0;
  std::uint64_t highest = 0;
  std::uint64_t rewinds = 0;  ///< that were asked for
  /// Of each event: how often it was sent, and how many rewinds had been asked for when it was sent first.
  struct Sent {
    std::uint64_t times = 0;
    std::uint64_t rewinds_before = 0;
  };
  std::map<std::uint64_t, Sent> events;
};

/// What one session was asked and has said, kept beyond its end.
struct SessionRecord {
  std::vector<SharedBytes> sent;
  std::map<std::uint64_t, int> unanswered;  ///< acks that are due, by id
  bool certain = true;                      ///< all of those must come: no question waits for its attachments
  std::string user;                         ///< empty while the namespace is not connected
  std::uint64_t jobs_before = 0;            ///< that had begun when it was connected
  std::map<std::string, Stream> streams;
  bool opened = false;
  bool closed = false;         ///< on_closed has come
  bool closed_by_app = false;  ///< the application has closed the channel
};

/// Stands between a session's transport and the application above it, passes everything on, and checks the
/// rules of base/channel.h on both sides; and those of a user's stream, which are easiest seen here.
class WatchedHandler final : public ChannelHandler, public Channel {
 public:
  WatchedHandler(Channel& channel, SessionRecord& record, const Jobs& jobs)
      : channel_(channel), record_(record), jobs_(jobs) {
    check(!std::exchange(record_.opened, true), "a session has one application");
  }
  ~WatchedHandler() override { check(record_.closed, "an application learns of its end"); }
  WatchedHandler(const WatchedHandler&) = delete;
  WatchedHandler& operator=(const WatchedHandler&) = delete;

  void watch(std::unique_ptr<ChannelHandler> application) { application_ = std::move(application); }

  // --- ChannelHandler ---
  void on_message(std::string_view message, bool binary) override {
    check(!record_.closed, "nothing is received after the end");
    if (!binary) note_question(message);
    const Call call(*this);
    application_->on_message(message, binary);
  }
  bool is_authenticated() const override { return application_->is_authenticated(); }
  void on_writable() override {
    check(!record_.closed && buffered_bytes() <= limits::kSendLowWater, "who is writable has room");
    const Call call(*this);
    application_->on_writable();
  }
  void on_closed(std::string_view reason) override {
    check(!std::exchange(record_.closed, true), "a session ends once");
    check(!reason.empty(), "an end has a reason");
    const Call call(*this);
    application_->on_closed(reason);
  }

  // --- Channel ---
  void send(SharedBytes message, bool binary) override {
    check(!record_.closed && !record_.closed_by_app, "nothing is sent after the end");
    check(!binary, "the application sends text");
    note_answer(*message);
    const auto largest = message->size();
    record_.sent.push_back(message);
    channel_.send(std::move(message), binary);
    check(channel_.buffered_bytes() <= limits::kSendHardLimit + largest, "what waits to be sent is bounded");
  }
  std::size_t buffered_bytes() const override { return channel_.buffered_bytes(); }
  bool is_writable() const override { return channel_.is_writable(); }
  bool has_room() override { return channel_.has_room(); }
  void close(CloseReason reason) override {
    record_.closed_by_app = true;
    channel_.close(reason);
  }

 private:
  /// Calls of a handler are not nested.
  class Call {
   public:
    explicit Call(WatchedHandler& handler) : handler_(handler) {
      check(!std::exchange(handler_.in_call_, true), "calls are not nested");
    }
    ~Call() { handler_.in_call_ = false; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    WatchedHandler& handler_;
  };

  void note_question(std::string_view message) {
    const auto packet = socketio::decode(message);
    if (!packet || packet->nsp != socketio::kDefaultNamespace) return;
    if (packet->type == socketio::PacketType::connect || packet->type == socketio::PacketType::disconnect) {
      record_.unanswered.clear();  // Answers belong to one stay in the namespace, and cursors too.
      record_.streams.clear();
      record_.user.clear();
    }
    if (!packet->is_event()) return;
    if (packet->id) ++record_.unanswered[*packet->id];
    if (packet->attachments > 0) record_.certain = false;
    if (packet->event != "reconnect:sync") return;
    const auto argument = packet->arguments().next();
    const auto job = argument ? argument->find("jobId") : std::nullopt;
    if (job && job->as_string()) ++record_.streams[*job->as_string()].rewinds;
  }

  void note_answer(std::string_view message) {
    const auto packet = socketio::decode(message);
    check(packet.has_value(), "what is sent can be read");
    if (packet->is_ack()) {
      const auto found = record_.unanswered.find(*packet->id);
      check(found != record_.unanswered.end(), "an ack was asked for and not yet given");
      if (--found->second == 0) record_.unanswered.erase(found);
    }
    if (!packet->is_event()) return;
    const auto body = *packet->arguments().next();
    if (packet->event == "connected") {
      record_.user = *body.find("userId")->as_string();
      record_.jobs_before = jobs_.by_id.size();
    }
    if (packet->event.starts_with("job:") && packet->event != "job:error") note_event(body);
  }
  void note_event(json::View body) {
    const auto id = *body.find("jobId")->as_string();
    const auto number = static_cast<std::uint64_t>(*body.find("sequence")->as_integer());
    auto& stream = record_.streams[id];
    const bool begins_here = stream.last == 0;
    if (begins_here && stream.rewinds == 0 && jobs_.by_id.at(id).born > record_.jobs_before) {
      check(number == 1, "a job that begins later comes whole");
    }
    check(begins_here || number <= stream.highest + 1, "no event is left out");
    const auto sent = stream.events.try_emplace(number, Stream::Sent{0, stream.rewinds}).first;
    ++sent->second.times;
    check(sent->second.times <= 1 + stream.rewinds - sent->second.rewinds_before,
          "no event is doubled unasked");
    stream.last = number;
    stream.highest = std::max(stream.highest, number);
  }

  Channel& channel_;
  SessionRecord& record_;
  const Jobs& jobs_;
  bool in_call_ = false;
  std::unique_ptr<ChannelHandler> application_;
};

}  // namespace hawser::fuzz
