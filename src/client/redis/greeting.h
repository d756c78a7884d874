// The first exchange on a new connection: the protocol version, who we are, and which database.
#pragma once

#include <string>

#include "base/error.h"
#include "client/redis/command.h"
#include "runtime/task.h"
#include "runtime/tcp.h"

namespace weir::client::redis {

struct Greeting {
  std::string user;
  std::string password;
  std::string name;
  int database = 0;
};

// HELLO 3, or AUTH where the server does not know HELLO; then SELECT if it is not 0. Returns the protocol version.
// kReject: the server refuses us, and says why.
runtime::Task<base::Result<int>> greet(runtime::TcpStream& stream, Greeting greeting, base::MonoTime deadline);

}  // namespace weir::client::redis
