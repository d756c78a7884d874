// Client: HTTP/1.1 to one server, for coroutines. Connections are kept and used again, newest first; one request at a
// time on each.
//
// Outcomes, by the kind of the error:
//   kRetry           nothing was sent: no connection, or all are in use
//   kUnknownOutcome  the request may have been acted upon: it was (partly) sent and no whole response came
//   kReject          the request cannot be sent as it is
// A response of any status is a value. A request of an idempotent method (RFC 9110, 9.2.2) that finds its kept
// connection closed by the server is sent once more on a new one; nothing else is ever sent twice.
//
// One loop only. Bounded by max_connections and by the size of a response.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "runtime/tcp.h"
#include "wire/http1/limits.h"

namespace weir::client::http {

struct Field {
  std::string name;
  std::string value;
};

struct Request {
  std::string method = "GET";
  std::string target = "/";
  std::vector<Field> fields = {};  // Besides Host and Content-Length, which are written from the rest.
  std::string body = {};
};

struct Response {
  int status = 0;
  std::vector<Field> fields;
  std::string body;

  // The value of the first field of that name, in any case; empty if there is none.
  std::string_view field(std::string_view name) const;
};

struct Options {
  std::string address;  // "host:port"; also what Host says.
  std::size_t max_connections = 64;
  std::size_t max_body_bytes = 16 << 20;
};

class Client {
 public:
  explicit Client(Options options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  // Requires: no request is under way.
  ~Client();

  runtime::Task<base::Result<Response>> send(Request request, base::MonoTime deadline);

  // Closes what is idle.
  void close();

 private:
  struct Connection;
  enum class Reuse : bool { kNo, kYes };

  runtime::Task<base::Result<Response>> exchange(Connection* connection, const Request* request,
                                                 base::MonoTime deadline);
  runtime::Task<base::Result<Response>> read_response(Connection* connection, std::string_view method,
                                                      base::MonoTime deadline);
  runtime::Task<base::Result<std::size_t>> read_more(Connection* connection, base::MonoTime deadline);
  std::string encode(const Request& request) const;

  const Options options_;
  wire::http1::Limits limits_;
  std::vector<std::unique_ptr<Connection>> idle_;  // Newest last.
  std::size_t busy_ = 0;
};

}  // namespace weir::client::http
