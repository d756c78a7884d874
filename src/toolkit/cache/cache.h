// Cache: read through. A value is taken from the store (L2: any server of the Redis protocol) or, where that has none,
// from its loader, and is then put into the store with an expiry. The coroutines of one loop share it.
//
//   get --GET--> hit ------------------------------------------------------------> answer
//         |                       one load per key at a time
//         +----> miss ---------> [ join or start a flight: load ] --> answer --> SET key PX expiry
//         +----> bypass -------> [ the same                     ] --> answer     (no SET if all who joined bypassed)
//
// Bypass: the store is down, gave an error, or was slower than `store_timeout`. Reads go on without it, and what then
// protects the loader is `max_loads`: past it a caller gets kRetry at once. How many wait for one flight is not limited
// here; they are the requests that the server in front admits.
//
// A flight belongs to the cache, not to the caller who began it: it has a deadline of its own, and a caller who gives
// up or is cancelled takes nothing from the others. A loader's error goes to everyone in the flight and is kept
// nowhere. A value that is not there is kept too, for `negative_expiry`.
//
// What may be stale, and for how long. invalidate(), called after the commit, deletes the entry and voids the flight
// under way, so that a loader of this process which read the old value does not put it back. A loader of another
// process may: it loads the old value, then comes our commit, our DEL, then its SET. That entry, like one whose DEL
// could not be done, is served until it expires: `expiry` is the bound on staleness. (A lease token in the store closes
// this race; until there is one, cache nothing here that must not be stale for so long.)
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/random.h"
#include "client/redis/client.h"
#include "runtime/gate.h"
#include "runtime/task.h"
#include "toolkit/cache/entry.h"

namespace weir::toolkit {

struct CacheOptions {
  // In metrics and errors.
  std::string name;
  base::Duration expiry = std::chrono::minutes(10);
  // Of values that are not there. The time for which a thing that was just created may still look absent.
  base::Duration negative_expiry = std::chrono::seconds(10);
  // Each expiry is shortened by a random share of itself, up to this one.
  double jitter = 0.1;
  base::Duration store_timeout = std::chrono::milliseconds(100);
  base::Duration load_timeout = std::chrono::seconds(5);
  std::size_t max_loads = 64;
};

class Cache {
 public:
  // Nothing: it is not there.
  using Loaded = base::Result<std::optional<std::string>>;
  // Must end when it is cancelled. Must not be a capturing lambda that is itself a coroutine.
  using Loader = std::function<runtime::Task<Loaded>(base::MonoTime deadline)>;

  struct Answer {
    std::optional<std::string> value;
    Source source;
  };

  // `store` and `metrics` outlive it. weir_cache_gets_total and its like, with the label cache=NAME.
  Cache(runtime::Executor executor, client::redis::Client& store, CacheOptions options, base::Random random,
        base::Metrics& metrics);
  // Requires: stop() has returned.
  ~Cache();

  // kRetry: too many loads, the deadline passed, or stop() was called; otherwise the loader's error.
  runtime::Task<base::Result<Answer>> get(std::string key, Loader loader, base::MonoTime deadline);

  // Requires: what it is about has been committed.
  // kRetry: the entry was not deleted. kUnknownOutcome: it may have been. Either way it may be repeated.
  runtime::Task<base::Result<void>> invalidate(std::string key, base::MonoTime deadline);

  // Refuses new calls, lets those under way end until `deadline`, then cancels the loads.
  runtime::Task<void> stop(base::MonoTime deadline);

 private:
  struct Flight;
  class Landing;

  runtime::Task<Lookup> look_up(std::string key, base::MonoTime deadline);
  base::Result<std::shared_ptr<Flight>> join_or_start(const std::string& key, Loader loader, Source source);
  runtime::Task<void> fly(Landing landing, Loader loader);
  runtime::Task<void> keep(std::string key, std::optional<std::string> value);
  void arrive(Flight& flight, Loaded outcome);
  void leave(const Flight& flight);

  // Fixed after construction.
  const runtime::Executor executor_;
  client::redis::Client& store_;
  const CacheOptions options_;

  base::Random random_;
  base::Bound loading_;
  // By key. A voided flight is no longer here.
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
  runtime::Gate gate_;

  base::Counter &hits_, &misses_, &bypasses_;
  base::Counter &loads_, &load_failures_;
  base::Counter &store_failures_, &invalidation_failures_;
};

}  // namespace weir::toolkit
