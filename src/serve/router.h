// Router: which handler a request is for.
//
//   /items          this path and no other
//   /items/{id}     any one segment, not empty, in the braces' place; percent-decoded, a %2F in it is no slash
//   /files/*        everything below /files/
//
// Of several that match, the one whose first differing segment is more exact wins: text before {}, {} before *.
// Built at start-up, then only read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/task.h"
#include "serve/message.h"

namespace weir::serve {

// Must not be a capturing lambda that is itself a coroutine (the lambda may be gone when it resumes); one that calls a
// coroutine with its captures as arguments is fine.
using Handler = std::function<runtime::Task<Response>(Request)>;

class Router {
 public:
  // Requires: the pattern begins with a slash, and method and pattern are not yet taken.
  void add(std::string method, std::string_view pattern, Handler handler);

  struct Match {
    // Null: no such path, or (when `allowed` is not empty) no such method there.
    const Handler* handler = nullptr;
    std::vector<Field> parameters;
    // "GET, HEAD, POST", of a path that has other methods.
    std::string allowed;
  };
  // HEAD is answered by GET's handler unless it has one of its own.
  Match find(std::string_view method, std::string_view path) const;

 private:
  struct Segment {
    enum class Kind : unsigned char { kText, kParameter, kRest } kind;  // From the most exact.
    std::string text;                                                   // Of kParameter its name.
    friend bool operator==(const Segment&, const Segment&) = default;
  };
  struct Route {
    std::string method;
    std::vector<Segment> segments;
    Handler handler;
  };

  static bool matches(const Route& route, const std::vector<std::string>& path, std::vector<Field>& parameters);
  static bool more_exact(const Route& a, const Route& b);

  std::vector<Route> routes_;  // The more exact ones first.
};

}  // namespace weir::serve
