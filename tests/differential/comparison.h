// Whether two replies to the same command have in common what its row asks for.
#pragma once

#include <string>
#include <vector>

#include "tests/differential/row.h"
#include "tests/differential/server.h"
#include "wire/resp/value.h"

namespace weir::differential {

// By bytes where the row asks for all; else by values. Composite comparisons say here what holds for any reply: errors
// and nil are equal, arrays have one length.
bool agree(Compare compare, const Reply& expected, const Reply& actual);
// The same for a reply that stands in the reply of EXEC, where the bytes are not at hand.
bool agree(Compare compare, const wire::resp::Value& expected, const wire::resp::Value& actual);

// The leaves of a reply as texts, depth first: [[a 1] [b 2]] and [a 1 b 2] are the same then.
std::vector<std::string> leaves(const wire::resp::Value& value);

// As redis-cli shows a reply, in few lines.
std::string describe(const wire::resp::Value& value);
// As redis-cli takes a command.
std::string quoted(const std::vector<std::string>& words);

}  // namespace weir::differential
