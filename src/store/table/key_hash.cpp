#include "store/table/key_hash.h"

#include "base/random.h"

namespace weir::store {

namespace {

base::SipKey draw_secret() {
  base::Random random = base::Random::from_entropy();
  return {.low = random(), .high = random()};
}

}  // namespace

base::SipKey key_hash_secret = draw_secret();

}  // namespace weir::store
