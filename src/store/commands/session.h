// Session: what the store knows of one client, as far as commands can see it. Belongs to the data thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "wire/resp/reply_writer.h"

namespace weir::store {

struct Session {
  std::uint64_t id = 0;
  std::string name;
  std::size_t database = 0;
  bool authenticated = true;
  wire::resp::Protocol protocol = wire::resp::Protocol::kResp2;
  bool close_after_reply = false;  // Set by QUIT: what follows in the pipeline is not run.
};

}  // namespace weir::store
