#include "server/metrics.h"

#include <fmt/format.h>

#include <array>
#include <span>
#include <string_view>

#include "base/limits.h"

namespace hawser::server {
namespace {

class Page {
 public:
  template <class Value>
  void gauge(std::string_view name, std::string_view help, Value value) {
    describe(name, "gauge", help);
    fmt::format_to(out(), "{} {}\n", name, value);
  }
  template <class Value>
  void counter(std::string_view name, std::string_view help, Value value) {
    describe(name, "counter", help);
    fmt::format_to(out(), "{} {}\n", name, value);
  }
  /// A counter for each value of a label; `label_of(i)` names the i-th.
  template <class LabelOf>
  void counters(std::string_view name, std::string_view help, std::string_view label,
                std::span<const std::int64_t> values, LabelOf label_of) {
    describe(name, "counter", help);
    for (std::size_t i = 0; i < values.size(); ++i) {
      fmt::format_to(out(), "{}{{{}=\"{}\"}} {}\n", name, label, label_of(i), values[i]);
    }
  }
  std::string take() { return std::move(text_); }

 private:
  std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }
  void describe(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(out(), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  std::string text_;
};

template <std::size_t N>
auto code_names(const std::array<int, N>& codes) {
  return [&codes](std::size_t i) { return codes[i] == 0 ? std::string("other") : fmt::to_string(codes[i]); };
}

void add_process(Page& page, const Metrics& metrics) {
  page.gauge("hawser_uptime_seconds", "Since the server was started.", metrics.uptime_seconds);
  page.gauge("process_resident_memory_bytes", "Memory in use.", metrics.resident_bytes);
  page.counter("process_cpu_seconds_total", "Processor time used, of all threads.", metrics.cpu_seconds);
}

void add_connections(Page& page, const Metrics& metrics) {
  const auto& net = metrics.net;
  page.gauge("hawser_connections", "Open TCP connections.", net.connections);
  page.gauge("hawser_connections_limit", "Connections above which others are turned away.",
             metrics.max_connections);
  page.gauge("hawser_sessions", "Engine.IO sessions.", net.sessions);
  page.gauge("hawser_sessions_unauthenticated", "Sessions whose peer has not authenticated yet.",
             net.unauthenticated);
  page.gauge("hawser_sessions_unauthenticated_limit", "Bound of hawser_sessions_unauthenticated.",
             limits::kMaxUnauthenticated);
  page.gauge("hawser_sessions_lingering", "Sessions that are over but for their client's last poll.",
             net.lingering);
  page.gauge("hawser_upgrades", "Upgrades to WebSocket that are not finished.", net.upgrades);
  page.gauge("hawser_send_buffer_bytes", "Bytes that no peer has taken yet.", net.send_bytes);
  page.gauge("hawser_send_buffer_bytes_limit", "Where slow readers get less, or are closed.",
             limits::kMaxSendBytes);
  page.gauge("hawser_receive_buffer_bytes", "Bytes of requests and messages that are not complete.",
             net.receive_bytes + metrics.attachment_bytes);
  page.gauge("hawser_receive_buffer_bytes_limit", "Where those that hold much are closed.",
             limits::kMaxReceiveBytes);
}

void add_refusals(Page& page, const Metrics& metrics) {
  const auto& net = metrics.net;
  page.counters("hawser_refused_total", "Connections and sessions turned away, by the bound they met.",
                "reason", net.refusals, [](std::size_t i) { return name_of(static_cast<net::Refusal>(i)); });
  page.counters("hawser_http_refused_total", "HTTP requests refused, by status.", "status",
                net.refused_requests, code_names(net::kRefusedStatuses));
  page.counters("hawser_websocket_faults_total", "WebSockets closed for a fault of the peer, by close code.",
                "code", net.websocket_faults, code_names(net::kFaultCodes));
  page.counter("hawser_sessions_opened_total", "Engine.IO sessions opened.", net.opened);
  page.counters("hawser_sessions_closed_total", "Engine.IO sessions ended, by reason.", "reason", net.endings,
                [](std::size_t i) { return name_of(static_cast<net::Ending>(i)); });
  page.counter("hawser_connects_accepted_total", "CONNECT packets accepted.", metrics.connects_accepted);
  page.counter("hawser_connects_refused_total", "CONNECT packets refused for their token.",
               metrics.connects_refused);
  page.counter("hawser_commands_rate_limited_total", "Commands refused as too many.", metrics.rate_limited);
}

void add_work(Page& page, const Metrics& metrics) {
  page.gauge("hawser_clients", "Authenticated clients.", metrics.clients);
  page.gauge("hawser_subscriptions", "Jobs that clients are subscribed to.", metrics.subscriptions);
  page.gauge("hawser_catch_ups", "Jobs that clients are sent again.", metrics.catch_ups);
  page.gauge("hawser_commands_pending", "Commands that wait for the store.", metrics.pending_commands);
  page.gauge("hawser_users_followed", "Users whose events are followed, added up over the cores.",
             metrics.followed_users);
  page.gauge("hawser_reads_queued", "Reads of the store that wait for a thread.", metrics.reads_queued);
  page.gauge("hawser_jobs_running", "Jobs that run in this server.", metrics.jobs_running);
  page.gauge("hawser_jobs_running_limit", "Jobs that may run in this server.", metrics.handler_threads);
  page.gauge("hawser_store_commands_queued", "Commands that wait for the committer.",
             metrics.store_queued_commands);
  page.gauge("hawser_store_free_bytes", "Free space of the data directory's disk.", metrics.store_free_bytes);
  page.gauge("hawser_store_writable", "0 while the disk is below its reserve.",
             metrics.store_writable ? 1 : 0);
}

}  // namespace

std::string prometheus_text(const Metrics& metrics) {
  Page page;
  add_process(page, metrics);
  add_connections(page, metrics);
  add_refusals(page, metrics);
  add_work(page, metrics);
  return page.take();
}

}  // namespace hawser::server
