#include "store/commands/set_values.h"

#include "store/commands/counted_reply.h"

namespace weir::store {

void reply_members(Call& call, const Set& set) {
  call.reply.set(set.size());
  set.for_each([&](const Element& member) { reply_element(call, member); });
}

}  // namespace weir::store
