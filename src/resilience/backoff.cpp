#include "resilience/backoff.h"

#include <algorithm>

#include "base/assert.h"

namespace weir::resilience {

Backoff::Backoff(const Settings& settings) : settings_(settings), ceiling_(settings.first) {
  WEIR_ASSERT(settings.first > base::Duration::zero() && settings.first <= settings.limit);
}

base::Duration Backoff::failed(base::MonoTime now, base::Random& random) {
  if (succeeded_at_ && now - *succeeded_at_ >= settings_.settle) {
    failures_ = 0;
    ceiling_ = settings_.first;
  }
  succeeded_at_.reset();
  ++failures_;
  const base::Duration wait(random.between(0, ceiling_.count()));
  // Doubled only as far as the limit, so that it cannot overflow however long the row is.
  ceiling_ = ceiling_ > settings_.limit / 2 ? settings_.limit : ceiling_ * 2;
  return wait;
}

void Backoff::succeeded(base::MonoTime now) {
  if (!succeeded_at_) succeeded_at_ = now;
}

}  // namespace weir::resilience
