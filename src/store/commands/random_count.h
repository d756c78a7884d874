// The count of HRANDFIELD, SRANDMEMBER and ZRANDMEMBER: so many different elements if it is positive; so many draws,
// in which an element may come again, if it is negative.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/commands/call.h"

namespace weir::store {

// Nothing: an error was replied. Never the smallest integer, so that it can be negated.
std::optional<std::int64_t> parse_random_count(Call& call, std::string_view text);

// Draws go on for as long as a client says, whatever the collection's size. So their reply has a limit, which is that
// of requests, client-query-buffer-limit: beyond it an error takes the place of what there is of the reply. (Redis goes
// on until the output buffer's limit closes the client, and without one until memory ends.)
template <typename Draw>
void reply_draws(Call& call, std::uint64_t draws, std::uint64_t header, Draw&& draw) {
  const std::size_t begin = call.output.size();
  const std::uint64_t limit = call.node.settings.client_query_buffer_limit;
  call.reply.array(header);
  for (std::uint64_t i = 0; i < draws; ++i) {
    draw();
    if (call.output.size() - begin <= limit) [[likely]] {
      continue;
    }
    call.output.resize(begin);
    return call.reply.error("ERR the reply would be longer than client-query-buffer-limit");
  }
}

}  // namespace weir::store
