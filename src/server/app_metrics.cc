#include "server/app.h"

namespace hawser::server {
namespace {

void add(Metrics& sum, const session::Gauges& core) {
  sum.clients += core.clients.value();
  sum.subscriptions += core.subscriptions.value();
  sum.catch_ups += core.catch_ups.value();
  sum.pending_commands += core.pending_commands.value();
  sum.attachment_bytes += core.attachment_bytes.value();
  sum.connects_accepted += core.accepted.value();
  sum.connects_refused += core.refused.value();
  sum.rate_limited += core.rate_limited.value();
}

}  // namespace

Metrics App::metrics() const {
  Metrics result;
  result.uptime_seconds = std::chrono::duration<double>(runtime::system_clock().now() - started_).count();
  result.resident_bytes = runtime::resident_bytes();
  result.cpu_seconds = runtime::cpu_seconds();
  result.net = net_->gauges();
  result.max_connections = net_->max_connections();
  for (const auto& core : cores_) add(result, core->gauges());
  for (const auto& hub : hubs_) result.followed_users += hub->followed_gauge().value();
  const auto store = store_->status();
  result.store_queued_commands = store.queued_commands;
  result.store_free_bytes = store.free_bytes;
  result.store_writable = store.writable;
  result.reads_queued = readers_->queued();
  result.jobs_running = executor_->running();
  result.handler_threads = config_.worker.threads;
  return result;
}

}  // namespace hawser::server
