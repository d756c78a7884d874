#include "client/redis/greeting.h"

#include <array>

#include <fmt/format.h>

#include "wire/resp/reply_parser.h"

namespace weir::client::redis {

using base::MonoTime;
using base::Result;
using runtime::Task;
using runtime::TcpStream;
using wire::resp::ReplyParser;
using wire::resp::Value;

namespace {

// One request and its reply. Nothing else is under way, so no byte of a later reply can be read here.
Task<Result<Value>> ask(TcpStream& stream, Command command, MonoTime deadline) {
  const std::string request = command.bytes();
  const auto written = co_await stream.write_all(request, deadline);
  if (!written) co_return written.error();

  ReplyParser parser({.max_bulk_bytes = 64 << 10});
  std::string received;
  std::array<char, 4096> block;
  for (;;) {
    const auto count = co_await stream.read_some(block, deadline);
    if (!count) co_return count.error();
    if (*count == 0) co_return base::retry("the server closed the connection");
    received.append(block.data(), *count);
    for (bool more = true; more;) {
      const auto step = parser.parse(received);
      received.erase(0, step.consumed);
      if (step.status == ReplyParser::Status::kError) co_return base::fatal(parser.error());
      if (step.status == ReplyParser::Status::kNeedMore) more = false;
      if (step.status == ReplyParser::Status::kValue && parser.value().type != wire::resp::Type::kPush) {
        co_return std::move(parser.value());
      }
    }
  }
}

// A server older than Redis 6 does not know the word; one that knows it but not the version says NOPROTO.
bool knows_no_hello(const Value& reply) {
  return reply.error_code() == "NOPROTO" ||
         (reply.error_code() == "ERR" && reply.text.find("unknown command") != std::string::npos);
}

}  // namespace

Task<Result<int>> greet(TcpStream& stream, Greeting greeting, MonoTime deadline) {
  const bool authenticates = !greeting.password.empty();
  const std::string user = greeting.user.empty() ? "default" : greeting.user;
  int protocol = 3;

  Command hello{"HELLO", "3"};
  if (authenticates) hello.add("AUTH").add(user).add(greeting.password);
  if (!greeting.name.empty()) hello.add("SETNAME").add(greeting.name);
  auto reply = co_await ask(stream, std::move(hello), deadline);
  if (!reply) co_return reply.error().within("HELLO");
  if (reply->is_error() && knows_no_hello(*reply)) {
    protocol = 2;
    *reply = Value();
    if (authenticates) {
      Command auth{"AUTH"};
      if (!greeting.user.empty()) auth.add(greeting.user);
      auth.add(greeting.password);
      reply = co_await ask(stream, std::move(auth), deadline);
      if (!reply) co_return reply.error().within("AUTH");
    }
  }
  if (reply->is_error()) co_return base::reject(fmt::format("the server refuses us: {}", reply->text));

  if (greeting.database != 0) {
    Command select{"SELECT"};
    select.add(greeting.database);
    reply = co_await ask(stream, std::move(select), deadline);
    if (!reply) co_return reply.error().within("SELECT");
    if (reply->is_error()) {
      co_return base::reject(fmt::format("select database {}: {}", greeting.database, reply->text));
    }
  }
  co_return protocol;
}

}  // namespace weir::client::redis
