#include "store/commands/node.h"

#include <fmt/format.h>

#include "store/commands/command_table.h"
#include "store/memory/heap.h"

namespace weir::store {

Node::Node(Settings initial) : Node(std::move(initial), command_table()) {}

Node::Node(Settings initial, const CommandTable& table)
    : commands(table), settings(std::move(initial)), keyspace(settings.databases), statistics(table.ids()) {
  keyspace.context().listener = this;
  settings_changed();
}

std::uint64_t Node::used_memory() const { return static_cast<std::uint64_t>(Heap::used_bytes()) + client_bytes; }

bool Node::make_room() {
  Disposer& disposer = *keyspace.context().disposer;
  while (used_memory() > settings.maxmemory) {
    if (disposer.pending() > 0) {
      disposer.settle();
    } else if (!evictor.evict_one(keyspace, eviction, settings.maxmemory_samples)) {
      return false;
    }
  }
  return true;
}

bool Node::exists(std::size_t database, std::string_view key, UnixMs now) {
  return keyspace.database(database).peek(key, now) != nullptr;
}

void Node::on_removed(std::size_t database, std::string_view key, RemovalReason reason) {
  touch(database, key);
  const bool expired = reason == RemovalReason::kExpired;
  notify(database, key, expired ? EventClass::kExpired : EventClass::kEvicted, expired ? "expired" : "evicted");
  const bool lazily = expired ? settings.lazyfree_lazy_expire : settings.lazyfree_lazy_eviction;
  effects.add(database, {lazily ? "UNLINK" : "DEL", key});
}

void Node::before_clearing(std::size_t database, UnixMs now) {
  watches.touch_database(database, [&](std::string_view key) { return exists(database, key, now); });
}

void Node::before_swapping(std::size_t first, std::size_t second, UnixMs now) {
  const auto in_either = [&](std::string_view key) { return exists(first, key, now) || exists(second, key, now); };
  watches.touch_database(first, in_either);
  watches.touch_database(second, in_either);
  blocked.touched_database(first);
  blocked.touched_database(second);
}

void Node::settings_changed() {
  const auto ticks_of = [&](std::int64_t us) {
    return static_cast<std::uint64_t>(static_cast<double>(us) * 1000 / stopwatch.ns_per_tick);
  };
  slow_ticks = ~std::uint64_t{0};
  if (settings.slowlog_log_slower_than_us >= 0) slow_ticks = ticks_of(settings.slowlog_log_slower_than_us);
  if (settings.latency_monitor_threshold_ms > 0) {
    slow_ticks = std::min(slow_ticks, ticks_of(settings.latency_monitor_threshold_ms * 1000));
  }
  eviction = eviction_policy(settings.maxmemory_policy);
  AccessClock& access = keyspace.context().access;
  access.lfu = counts_frequency(eviction);
  access.lfu_log_factor = settings.lfu_log_factor;
  access.lfu_decay_minutes = settings.lfu_decay_minutes;
  slow_log.shorten(settings.slowlog_max_len);
}

void Node::publish_event(std::size_t database, std::string_view key, std::string_view event) {
  if (!pubsub.listened_to()) return;
  const EventClasses classes = settings.notify_keyspace_events;
  if (classes & kKeyspaceChannel) pubsub.publish(fmt::format("__keyspace@{}__:{}", database, key), event);
  if (classes & kKeyeventChannel) pubsub.publish(fmt::format("__keyevent@{}__:{}", database, event), key);
}

}  // namespace weir::store
