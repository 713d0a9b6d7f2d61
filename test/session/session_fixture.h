#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "fanout/hub.h"
#include "job/job_service.h"
#include "session/auth.h"
#include "session/core.h"
#include "session/wire_event.h"
#include "store/memory_job_store.h"
#include "test/support/fake_channel.h"
#include "test/support/fake_loop.h"
#include "test/support/fake_pool.h"
#include "test/support/fake_random.h"
#include "test/support/job_driver.h"

namespace hawser::session {

/// One core with a real job service and the memory store; time, reads and announcements are the test's.
class SessionFixture : public testing::Test {
 protected:
  /// A peer and the session that serves it.
  struct Peer {
    test::FakeChannel channel;
    std::unique_ptr<ChannelHandler> handler;

    void send(std::string_view text) { handler->on_message(text, false); }
    std::vector<std::string> take() { return channel.take(); }
  };

  SessionFixture() {
    store.set_listener(
        [this](const std::shared_ptr<const job::CommitGroup>& group) { hub.announce(*group); });
  }

  std::string token(std::string_view user, std::optional<Millis> lifetime = std::nullopt) {
    return *authenticator.mint(user, loop.wall_now(), lifetime);
  }

  std::unique_ptr<Peer> open(std::string_view query_token = {}) {
    auto peer = std::make_unique<Peer>();
    peer->handler = core.make_session(peer->channel, {query_token, "127.0.0.1"});
    return peer;
  }
  /// Connected as `user`, with what was sent so far taken.
  std::unique_ptr<Peer> connect(std::string_view user, std::optional<Millis> lifetime = std::nullopt) {
    auto peer = open();
    peer->send("0" + json::Object().add("token", token(user, lifetime)).str());
    loop.run();
    peer->take();
    return peer;
  }

  /// Sends and gives back everything that came until nothing more happens.
  std::vector<std::string> ask(Peer& peer, const std::string& text) {
    peer.send(text);
    loop.run();
    return peer.take();
  }
  std::vector<std::string> settle(Peer& peer) {
    loop.run();
    return peer.take();
  }

  static std::string event(std::string_view name, const std::string& argument, std::string_view ack = {}) {
    return std::string("2").append(ack).append("[\"").append(name).append("\",").append(argument).append("]");
  }
  static std::string quoted(const JobId& id) { return json::quoted(id.to_string()); }
  static std::string sync(const JobId& id, std::int64_t last) {
    return json::Object().add("jobId", id.to_string()).add("lastSequence", last).str();
  }
  static std::string body(const JobId& id) { return json::Object().add("jobId", id.to_string()).str(); }

  /// "chunk 5", "started 1", … of job events; other packets as they are.
  static std::vector<std::string> brief(const std::vector<std::string>& packets) {
    std::vector<std::string> out;
    for (const auto& packet : packets) out.push_back(brief(packet));
    return out;
  }
  static std::string brief(const std::string& packet) {
    if (!packet.starts_with("2[\"job:")) return packet;
    const auto array = *json::validate(std::string_view(packet).substr(1));
    auto elements = array.elements();
    const auto name = *elements.next()->as_string();
    const auto sequence = elements.next()->find("sequence");
    return sequence ? name.substr(4) + " " + std::string(sequence->raw()) : packet;
  }

  test::FakeLoop loop;
  test::FakePool pool;
  test::FakeRandom random;
  store::MemoryJobStore store{{.clock = loop, .random = random, .log = {}}};
  job::JobService jobs{store, pool, loop, random, {{"test-job", {}}}};
  fanout::Hub hub{loop, jobs, [this](const job::Event& event) {
                    return encode_event(event, recovery.offset_text({event.position, {}}));
                  }};
  Authenticator authenticator =
      *Authenticator::make(Algorithm::hs256, "an unguessable key of over 32 bytes, 7f3a9c");
  Recovery recovery{"a key that is only for this test", "here"};
  LeaseSeal leases{"a key that is only for this test"};
  Core core{{.loop = loop,
             .jobs = jobs,
             .hub = hub,
             .authenticator = authenticator,
             .random = random,
             .recovery = recovery,
             .commands = store,
             .leases = leases}};
  test::JobDriver driver{store};
};

}  // namespace hawser::session
