#include "toolkit/cache/cache.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/bytes.h"
#include "runtime/deadline.h"
#include "runtime/event.h"

namespace weir::toolkit {

using base::MonoTime;
using base::Result;
using client::redis::Command;
using runtime::deadline_after;
using runtime::Task;

// From the first caller who needs the value to the store's answer to the SET. It stays in flights_ that long, so that a
// GET which was answered before that SET finds it there: its miss joins, and does not load again.
struct Cache::Flight {
  explicit Flight(std::string of) : key(std::move(of)) {}

  const std::string key;
  std::optional<Loaded> outcome;
  runtime::Event arrived;  // There is an outcome.
  bool missed = false;     // Somebody learned from the store that it has no entry.
  bool voided = false;     // Invalidated meanwhile: those who are inside may have it, the store not.
};

// Ends a flight however its coroutine ends, also one that is cancelled before it has begun; hence a parameter of it.
class Cache::Landing {
 public:
  Landing(Cache& cache, std::shared_ptr<Flight> flight) : cache_(cache), flight_(std::move(flight)) {}
  Landing(Landing&&) noexcept = default;
  Landing& operator=(Landing&&) = delete;
  ~Landing() {
    if (flight_ == nullptr) return;
    if (!flight_->outcome) {
      cache_.arrive(*flight_, base::retry(fmt::format("cache {}: it is stopping", cache_.options_.name)));
    }
    cache_.leave(*flight_);
  }

  Flight& flight() const { return *flight_; }

 private:
  Cache& cache_;
  std::shared_ptr<Flight> flight_;
};

namespace {

base::Counter& gets(base::Metrics& metrics, const std::string& cache, Source answer) {
  return metrics.counter({"weir_cache_gets_total",
                          "Values asked for, by how the store took part.",
                          {{"cache", cache}, {"answer", std::string(to_string(answer))}}});
}

base::Counter& counter(base::Metrics& metrics, const std::string& cache, const char* name, const char* help) {
  return metrics.counter({name, help, {{"cache", cache}}});
}

}  // namespace

Cache::Cache(runtime::Executor executor, client::redis::Client& store, CacheOptions options, base::Random random,
             base::Metrics& metrics)
    : executor_(std::move(executor)),
      store_(store),
      options_(std::move(options)),
      random_(random),
      loading_(fmt::format("cache_{}_loads", options_.name), options_.max_loads),
      hits_(gets(metrics, options_.name, Source::kHit)),
      misses_(gets(metrics, options_.name, Source::kMiss)),
      bypasses_(gets(metrics, options_.name, Source::kBypass)),
      loads_(counter(metrics, options_.name, "weir_cache_loads_total", "Loads begun.")),
      load_failures_(counter(metrics, options_.name, "weir_cache_load_failures_total", "Loads that gave no value.")),
      store_failures_(counter(metrics, options_.name, "weir_cache_store_failures_total",
                              "Loaded values that the store did not acknowledge.")),
      invalidation_failures_(counter(metrics, options_.name, "weir_cache_invalidation_failures_total",
                                     "Deletions that the store did not acknowledge.")) {
  loading_.publish(metrics);
}

Cache::~Cache() = default;

Task<Lookup> Cache::look_up(std::string key, MonoTime deadline) {
  Command command{"GET", key};
  auto reply = co_await store_.call(std::move(command), std::min(deadline, deadline_after(options_.store_timeout)));
  Lookup lookup = judge_lookup(std::move(reply));
  switch (lookup.source) {
    case Source::kHit: hits_.add(); break;
    case Source::kMiss: misses_.add(); break;
    case Source::kBypass: bypasses_.add(); break;
  }
  co_return lookup;
}

Task<Result<Cache::Answer>> Cache::get(std::string key, Loader loader, MonoTime deadline) {
  const auto holder = gate_.enter();
  if (!holder) co_return base::retry(fmt::format("cache {}: it is stopping", options_.name));
  Lookup lookup = co_await look_up(key, deadline);
  if (lookup.source == Source::kHit) co_return Answer{std::move(lookup.value), Source::kHit};
  if (runtime::mono_now() >= deadline) {
    co_return base::retry(fmt::format("cache {}: the deadline passed before the load began", options_.name));
  }
  const auto flight = join_or_start(key, std::move(loader), lookup.source);
  if (!flight) co_return flight.error();
  const bool arrived = co_await (*flight)->arrived.wait(deadline);
  if (!arrived) co_return base::retry(fmt::format("cache {}: the deadline passed while loading", options_.name));
  const Loaded& outcome = *(*flight)->outcome;
  if (!outcome) co_return outcome.error();
  co_return Answer{*outcome, lookup.source};
}

Result<std::shared_ptr<Cache::Flight>> Cache::join_or_start(const std::string& key, Loader loader, Source source) {
  if (const auto found = flights_.find(key); found != flights_.end()) {
    found->second->missed |= source == Source::kMiss;
    return found->second;
  }
  if (!loading_.try_acquire()) {
    return base::retry(fmt::format("cache {}: {} loads are under way already", options_.name, loading_.limit()));
  }
  loads_.add();
  auto flight = std::make_shared<Flight>(key);
  flight->missed = source == Source::kMiss;
  flights_.emplace(key, flight);
  // When the gate refuses, the task is dropped with its Landing, and the flight has ended.
  runtime::spawn(gate_, executor_, fly(Landing(*this, flight), std::move(loader)), "cache load");
  return flight;
}

Task<void> Cache::fly(Landing landing, Loader loader) {
  Flight& flight = landing.flight();
  const MonoTime deadline = deadline_after(options_.load_timeout);
  std::optional<Loaded> outcome;
  try {
    Task<Loaded> load = loader(deadline);
    auto loaded = co_await runtime::with_deadline(std::move(load), deadline);
    if (loaded.value) {
      outcome = *std::move(loaded.value);
    } else if (loaded.ending == runtime::Ending::kDeadline) {
      outcome = base::retry(fmt::format("cache {}: the load took longer than {}", options_.name,
                                        std::chrono::duration_cast<std::chrono::milliseconds>(options_.load_timeout)));
    }
  } catch (const std::exception& thrown) {
    outcome = base::fatal(fmt::format("cache {}: the loader threw: {}", options_.name, thrown.what()));
  }
  if (!outcome) co_return;  // Cancelled; the landing tells.
  arrive(flight, *std::move(outcome));
  // Nothing is awaited between this look and the call, which takes its place in the connection's row at once: a DEL of
  // ours that comes later goes behind it.
  if (*flight.outcome && flight.missed && !flight.voided) {
    Task<void> kept = keep(flight.key, **flight.outcome);
    co_await std::move(kept);
  }
}

void Cache::arrive(Flight& flight, Loaded outcome) {
  loading_.release();
  if (!outcome) load_failures_.add();
  flight.outcome = std::move(outcome);
  flight.arrived.set();
}

void Cache::leave(const Flight& flight) {
  const auto found = flights_.find(flight.key);
  if (found != flights_.end() && found->second.get() == &flight) flights_.erase(found);
}

Task<void> Cache::keep(std::string key, std::optional<std::string> value) {
  const base::Duration expiry = value ? options_.expiry : options_.negative_expiry;
  Command command{"SET", key, encode_entry(value), "PX"};
  command.add(jittered(expiry, options_.jitter, random_).count());
  const auto reply = co_await store_.call(std::move(command), deadline_after(options_.store_timeout));
  if (!reply || reply->is_error()) store_failures_.add();
}

Task<Result<void>> Cache::invalidate(std::string key, MonoTime deadline) {
  const auto holder = gate_.enter();
  if (!holder) co_return base::retry(fmt::format("cache {}: it is stopping", options_.name));
  if (const auto found = flights_.find(key); found != flights_.end()) {
    found->second->voided = true;
    flights_.erase(found);
  }
  Command command{"DEL", key};
  const auto reply =
      co_await store_.call(std::move(command), std::min(deadline, deadline_after(options_.store_timeout)));
  if (reply && !reply->is_error()) co_return Result<void>();
  invalidation_failures_.add();
  const std::string doing = fmt::format("cache {}: delete {}", options_.name, base::printable(key));
  if (!reply) co_return reply.error().within(doing);
  co_return base::retry(fmt::format("{}: the store answers {}", doing, base::printable(reply->text)));
}

Task<void> Cache::stop(MonoTime deadline) { co_await gate_.stop(deadline); }

}  // namespace weir::toolkit
