#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fanout/hub.h"
#include "fanout/local_wakeup.h"
#include "job/job_service.h"
#include "net/core.h"
#include "net/http_connection.h"
#include "session/auth.h"
#include "session/core.h"
#include "session/recovery.h"
#include "session/wire_event.h"
#include "store/memory_job_store.h"
#include "test/fuzz/connection/held_store.h"
#include "test/fuzz/connection/trace.h"
#include "test/fuzz/connection/watched_handler.h"
#include "test/support/fake_pool.h"
#include "test/support/fake_random.h"

namespace hawser::fuzz {

/// Time that stands still, far ahead of the real one so that no real timer comes in between.
class OwnClock final : public Clock {
 public:
  static constexpr WallMillis kStartWall = 1'700'000'000'000;

  TimePoint now() const override { return kStart + passed_; }
  WallMillis wall_now() const override {
    return kStartWall + std::chrono::duration_cast<Millis>(passed_).count();
  }
  void advance(Duration by) { passed_ += by; }
  void reset() { passed_ = {}; }

 private:
  static constexpr TimePoint kStart{std::chrono::hours(1'000'000)};
  Duration passed_{};
};

inline const session::Authenticator& authenticator() {
  static const auto made =
      *session::Authenticator::make(session::Algorithm::hs256, "an unguessable key of over 32 bytes, 7f3a9c");
  return made;
}

/// All of the server but its listeners, on two cores, in one thread and with its own time. TCP connections
/// are pairs of local sockets.
class Server {
 public:
  static constexpr std::size_t kCores = 2;
  static constexpr std::size_t kMaxPayload = 200'000;

  explicit Server(std::uint32_t seed) : random_(seed) {
    clock().reset();
    store_.set_listener([this](const auto& group) {
      for (const auto& event : group->events) all_jobs_.announce(*event);
      wakeup_.announce(group);
    });
    for (std::size_t i = 0; i < kCores; ++i) {
      cores_.push_back(std::make_shared<net::Core>(context_, loop(i), i, kCores));
    }
    context_->cores.assign(cores_.begin(), cores_.end());
  }
  ~Server() {
    drop_connections();
    advance(std::chrono::seconds(10));
    check(context_->connections->size() == 0, "no connection is left");
    check(context_->sessions->size() == 0, "no session is left");
    for (std::size_t i = 0; i < kCores; ++i) {
      check(sessions_[i].sessions() == 0, "no application is left");
      check(loop(i).timers() == 0, "no timer is left");
    }
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// A TCP connection that this core accepts; returns the descriptor of its other end.
  int connect(std::size_t core, bool small_buffers) {
    std::array<int, 2> ends{};
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0,
          "there are sockets");
    if (small_buffers) {
      const int size = 4096;
      ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }
    cores_[core]->post([descriptor = ends[0]](net::Core& own) {
      boost::asio::ip::tcp::socket stream(own.loop().context());
      stream.assign(boost::asio::ip::tcp::v4(), descriptor);
      auto place = own.context().connections->enter(own.context().config.max_connections);
      net::Socket socket{std::move(stream), std::move(*place), {}, "127.0.0.1"};
      std::make_shared<net::HttpConnection>(own, std::move(socket))->serve();
    });
    return ends[1];
  }

  /// Until nothing is ready on any core.
  void run() {
    bool any = true;
    while (any) {
      any = loop(0).poll();
      any = loop(1).poll() || any;
    }
  }
  void advance(Duration by) {
    trace("time", std::to_string(std::chrono::duration_cast<Millis>(by).count()) + " ms pass");
    clock().advance(by);
    run();
  }

  void refuse_new_sessions() {
    trace("server", "refuses sessions");
    context_->refuses_sessions = true;
  }
  void announce_shutdown() {
    for (std::size_t i = 0; i < kCores; ++i) loop(i).post([this, i] { sessions_[i].announce_shutdown(); });
  }
  void close_sessions(CloseReason reason) {
    trace("server", "closes sessions");
    for (const auto& core : cores_) core->post([reason](net::Core& own) { own.close_sessions(reason); });
  }
  void end_waiting() {
    trace("server", "ends who waits");
    for (const auto& core : cores_) core->post([](net::Core& own) { own.end_waiting(); });
  }
  void drop_connections() {
    for (const auto& core : cores_) core->post([](net::Core& own) { own.drop_connections(); });
    run();
  }

  /// Of the session that was opened with this `token` in its query.
  const SessionRecord& record(const std::string& token) { return records_[token]; }
  const Jobs& jobs() const { return all_jobs_; }
  std::size_t sessions() const { return context_->sessions->size(); }
  std::size_t connections() const { return context_->connections->size(); }
  HeldStore& store() { return held_store_; }
  test::FakePool& readers() { return pool_; }
  static OwnClock& clock() {
    static OwnClock clock;
    return clock;
  }

 private:
  /// Loops are kept from one input to the next: they are dear to make, and hold nothing of ours at its end.
  static runtime::AsioLoop& loop(std::size_t index) {
    static std::array<runtime::AsioLoop, kCores> loops{runtime::AsioLoop(0, clock()),
                                                       runtime::AsioLoop(1, clock())};
    return loops[index];
  }
  std::unique_ptr<ChannelHandler> make_handler(Loop& on, Channel& channel, const HandshakeInfo& info) {
    auto* record = &records_[std::string(info.query_token)];
    if (record->opened) record = &strangers_.emplace_back();  // Opened by bytes that no client of ours made.
    auto handler = std::make_unique<WatchedHandler>(channel, *record, all_jobs_);
    handler->watch(sessions_[on.index()].make_session(*handler, info));
    return handler;
  }
  session::Parts parts(std::size_t core) {
    return {.loop = loop(core),
            .jobs = jobs_,
            .hub = hubs_[core],
            .authenticator = authenticator(),
            .random = random_,
            .recovery = recovery_,
            .commands = store_,
            .leases = leases_,
            .close_older_elsewhere = [this, core](const std::string& sid, TimePoint connected_at) {
              const auto other = 1 - core;
              loop(other).post(
                  [this, other, sid, connected_at] { sessions_[other].close_older(sid, connected_at); });
            }};
  }
  fanout::Encoder encoder() const {
    return [this](const job::Event& event) {
      return session::encode_event(event, recovery_.offset_text({event.position, {}}));
    };
  }
  static net::ServerConfig config() {
    net::ServerConfig config;
    config.max_payload = kMaxPayload;
    return config;
  }
  static net::HttpResponse route(const net::HttpRequest&) {
    net::HttpResponse response;
    response.body = share("{}");
    return response;
  }

  std::map<std::string, SessionRecord> records_;  ///< by the token in the query
  std::deque<SessionRecord> strangers_;
  Jobs all_jobs_;
  test::FakePool pool_;
  test::FakeRandom random_;
  store::MemoryJobStore store_{{.clock = clock(), .random = random_, .log = {}}};
  HeldStore held_store_{store_};
  job::JobService jobs_{held_store_, pool_, clock(), random_, {{"test-job", {}}}};
  session::Recovery recovery_{"the key of recovery", store_.status().incarnation};
  session::LeaseSeal leases_{"the key of recovery"};
  std::array<fanout::Hub, kCores> hubs_{fanout::Hub(loop(0), jobs_, encoder()),
                                        fanout::Hub(loop(1), jobs_, encoder())};
  fanout::LocalWakeup wakeup_{{&hubs_[0], &hubs_[1]}};
  std::array<session::Core, kCores> sessions_{session::Core(parts(0)), session::Core(parts(1))};
  std::shared_ptr<net::ServerContext> context_ = std::make_shared<net::ServerContext>(
      config(), random_,
      std::vector<net::Endpoint>{
          {"/socket.io/", [this](Loop& on, Channel& channel,
                                 const HandshakeInfo& info) { return make_handler(on, channel, info); }}},
      net::HttpRoutes{route});
  std::vector<std::shared_ptr<net::Core>> cores_;
};

}  // namespace hawser::fuzz
