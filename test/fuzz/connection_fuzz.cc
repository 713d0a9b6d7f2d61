#include <spdlog/spdlog.h>

#include <array>
#include <string>
#include <vector>

#include "test/fuzz/connection/client.h"
#include "test/fuzz/connection/server.h"
#include "test/fuzz/connection/words.h"
#include "test/fuzz/connection/worker.h"

namespace {

using namespace hawser::fuzz;
using hawser::CloseReason;
using hawser::Millis;

constexpr std::size_t kSteps = 40;
/// The first so many kinds of steps are those of clients.
constexpr unsigned kClientSteps = 10;
/// Times between which something happens, in milliseconds: the deadlines of the protocols and their
/// neighbours.
constexpr std::array<int, 12> kPauses = {1,      100,    1000,   2000,   5000,   10'000,
                                         20'000, 25'000, 30'000, 45'000, 60'000, 75'000};
std::uint32_t hash(std::string_view bytes) {
  std::uint32_t value = 2166136261U;
  for (const char c : bytes) value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
  return value;
}

/// Whether an input that begins so is played twice.
bool compares(std::uint8_t manners) {
  return (manners & 0x1cU) == 0x1cU;
}

/// Plays what an input says: clients on bad networks, a worker, a slow store, time, and a server that stops.
class Scenario {
 public:
  Scenario(Choices choices, std::uint32_t seed, bool cuts)
      : choices_(choices),
        seed_(seed),
        server_(seed),
        clients_(server_, seed, cuts),
        worker_(server_.store()) {}

  /// All that the clients were told.
  std::string play() {
    const auto manners = choices_.byte();
    const bool is_compared = compares(manners);
    clients_.answers_pings = (manners & 1U) == 0;
    clients_.completes_upgrades = (manners & 2U) == 0;
    for (std::size_t i = 0; i < kSteps && !choices_.at_end(); ++i) {
      const auto choice = choices_.byte();
      // Clients may do several things at once; everything else happens when they are done.
      // (Not where cuts are compared, as the server works between two pieces.)
      const bool at_once = choice >= 0xc0U && choice % 16U < kClientSteps && !is_compared;
      if (choice % 16U >= kClientSteps) clients_.settle();
      step(choice % 16U);
      if (!at_once) clients_.settle();
    }
    clients_.settle();
    calm_down();
    check_received();
    (manners & 0xe0U) == 0xe0U ? fall_silent() : stop_server();
    std::string told;
    for (const auto& peer : clients_.network().peers()) told += peer->transcript() + '\n';
    return told;
  }

 private:
  void step(unsigned what) {
    switch (what) {
      case 0: clients_.open_by_poll(http_peer(), new_token()); break;
      case 1: clients_.open_by_websocket(http_peer(), new_token()); break;
      case 2:
      case 3: clients_.poll(http_peer(), some_session()); break;
      case 4:
      case 5: post(); break;
      case 6:
      case 7: say(); break;
      case 8: clients_.upgrade(http_peer(), some_session(), choices_.flag() ? "2probe" : ""); break;
      case 9: say_something_strange(); break;
      case 10: hang_up(); break;
      case 11: wait(); break;
      case 12:
      case 13: worker_.step(choices_); break;
      case 14: be_slow(); break;
      default: ask_server(); break;
    }
  }

  Peer& http_peer() { return clients_.network().http_peer(choices_.byte()); }
  std::size_t some_session() {
    const auto count = clients_.sessions().size();
    return count == 0 ? 0 : count - 1 - choices_.below(count);
  }
  /// What stands in the query: a token of a user, or something that is none.
  std::string new_token() {
    const auto number = opened_++;
    return number < kTokens && choices_.flag() ? token(number) : "t" + std::to_string(seed_ + number);
  }

  void post() {
    auto& peer = http_peer();
    const auto session = some_session();
    std::string body;
    const auto count = 1 + choices_.below(3);
    for (std::size_t i = 0; i < count; ++i) append(body, words_.packet(clients_.jobs));
    const auto held = choices_.below(4) == 0 ? choices_.byte() : 0U;
    clients_.post(peer, session, body, held);
  }
  static void append(std::string& body, const std::string& packet) {
    if (!body.empty()) body += '\x1e';
    body += packet;
  }
  void say() {
    auto* peer = clients_.network().open_websocket(choices_.byte());
    if (peer == nullptr) return post();
    const auto packet = words_.packet(clients_.jobs);
    const bool binary = packet.starts_with('b');
    clients_.say(*peer, binary ? packet.substr(1) : packet, binary);
  }

  /// Any bytes; the byte 1 stands for the sid of a session, whose messages may then go anywhere.
  void say_something_strange() {
    auto* peer = choices_.flag() ? clients_.network().any_peer(choices_.byte())
                                 : &clients_.network().connect(choices_.byte());
    const auto session = some_session();
    std::string bytes;
    for (const char c : choices_.text()) {
      if (c != '\x01' || session >= clients_.sessions().size()) {
        bytes += c;
      } else {
        bytes += clients_.sessions()[session].sid;
        clients_.sessions()[session].is_certain = false;
      }
    }
    if (peer == nullptr) return;
    clients_.be_strange(*peer);
    peer->write(bytes);
  }
  void hang_up() {
    auto* peer = clients_.network().any_peer(choices_.byte());
    if (peer == nullptr) return;
    switch (choices_.below(3)) {
      case 0: peer->write_rest(); break;
      case 1: peer->shut_down_sending(); break;
      default: {
        const auto polled = clients_.hang_up(*peer);
        clients_.settle();
        check(!polled || !is_alive(*polled), "who drops a poll is gone");
      }
    }
  }
  void wait() {
    const auto pause = kPauses[choices_.below(kPauses.size())];
    for (const auto& peer : clients_.network().peers())
      peer->was_stalled = peer->was_stalled || (peer->is_deaf && pause > 1000);
    server_.advance(Millis(pause));
  }
  void be_slow() {
    auto& store = server_.store();
    auto& readers = server_.readers();
    switch (choices_.below(6)) {
      case 0: store.holding = true; break;
      case 1: store.release_one(); break;
      case 2: store.release(); break;
      case 3: readers.holding ? readers.release() : void(readers.holding = true); break;
      case 4: readers.run_one(); break;
      default:
        if (auto* peer = clients_.network().any_peer(choices_.byte())) peer->is_deaf = !peer->is_deaf;
    }
  }
  void ask_server() {
    switch (choices_.below(8)) {
      case 0: server_.refuse_new_sessions(); break;
      case 1: server_.announce_shutdown(); break;
      case 2: server_.close_sessions(static_cast<CloseReason>(choices_.below(7))); break;
      case 3: server_.end_waiting(); break;
      default: clients_.network().connect(choices_.byte()); break;
    }
  }

  /// Everybody listens, and what was held goes on.
  void calm_down() {
    server_.store().release();
    server_.readers().release();
    for (const auto& peer : clients_.network().peers()) peer->is_deaf = false;
    clients_.settle();
    for (std::size_t i = 0; i < clients_.sessions().size(); ++i) fetch_all(i);
    clients_.note_doubts();
    clients_.check_probes();
  }
  /// Polls until the server has nothing more to say.
  void fetch_all(std::size_t session) {
    const auto& received = clients_.sessions()[session].received;
    const auto& sent = server_.record(clients_.sessions()[session].token).sent;
    for (auto before = received.size() + 1; before != received.size() && is_alive(session);) {
      if (clients_.network().polls(session) || received.size() == sent.size()) return;
      before = received.size();
      clients_.poll(clients_.network().idle_peer(), session);
      clients_.settle();
    }
  }
  bool is_alive(std::size_t session) {
    const auto& record = server_.record(clients_.sessions()[session].token);
    return record.opened && !record.closed;
  }

  void check_received() {
    for (std::size_t i = 0; i < clients_.sessions().size(); ++i) {
      const auto& session = clients_.sessions()[i];
      if (!session.is_certain) continue;
      const auto& record = server_.record(session.token);
      check(session.received.size() <= record.sent.size(), "a client gets what was sent");
      for (std::size_t k = 0; k < session.received.size(); ++k) {
        check(session.received[k] == *record.sent[k], "messages come in order, each once");
      }
      if (!is_alive(i)) continue;
      check(session.received.size() == record.sent.size(), "what was sent arrives");
      check(record.unanswered.empty() || !record.certain, "every question has an answer");
      check_streams(record);
    }
  }
  /// A job that began while its owner was connected has been told to its end.
  void check_streams(const SessionRecord& record) const {
    for (const auto& [id, job] : server_.jobs().by_id) {
      if (job.owner != record.user || job.born <= record.jobs_before) continue;
      const auto found = record.streams.find(id);
      check(found != record.streams.end() && found->second.highest == job.head, "a stream is whole");
    }
  }

  void stop_server() {
    server_.refuse_new_sessions();
    server_.close_sessions(CloseReason::going_away);
    clients_.settle();
    server_.end_waiting();
    clients_.settle();
    check(server_.sessions() == 0, "a server that stops ends all sessions");
    for (const auto& peer : clients_.network().peers()) {
      const bool waits =
          peer->is_open() && !peer->is_strange() && peer->rest.empty() && !peer->waiting().empty();
      check(!waits, "a server that stops leaves nobody waiting");
    }
  }
  /// All clients are there and say nothing more.
  void fall_silent() {
    clients_.answers_pings = false;
    clients_.completes_upgrades = false;
    for (int i = 0; i < 8; ++i) {
      server_.advance(std::chrono::seconds(30));
      clients_.settle();
    }
    check(server_.sessions() == 0, "silent sessions end");
    check(server_.connections() == 0, "silent connections end");
  }

  Choices choices_;
  std::uint32_t seed_;
  Server server_;
  Clients clients_;
  Worker worker_;
  Words words_{choices_};
  std::size_t opened_ = 0;
};

std::string play(const std::uint8_t* data, std::size_t size, bool cuts) {
  const Choices choices(data, size);
  return Scenario(choices, hash(text_of(data, size)), cuts).play();
}

}  // namespace

/// The whole server against clients, a worker, a store and a network that do what the input says. Where bytes
/// are cut on their way makes no difference to what anybody is told.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  spdlog::set_level(spdlog::level::off);
  const auto told = play(data, size, false);
  if (size > 0 && compares(data[0])) check(play(data, size, true) == told, "cuts change nothing");
  return 0;
}
