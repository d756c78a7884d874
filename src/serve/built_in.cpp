#include "serve/built_in.h"

namespace weir::serve {

namespace {

runtime::Task<Response> give(Response response) { co_return response; }

}  // namespace

Response Health::respond() const {
  std::string failures;
  for (const auto& [name, check] : checks_) {
    const auto healthy = check();
    if (healthy) continue;
    if (!failures.empty()) failures += "; ";
    failures += name + ": " + healthy.error().text();
  }
  return failures.empty() ? json("{\"status\":\"ok\"}\n") : problem(503, failures);
}

void add_built_in(Router& router, const base::Metrics& metrics, const Health& health) {
  router.add("GET", "/metrics", [&metrics](Request) {
    return give({.body = metrics.prometheus_text(), .content_type = "text/plain; version=0.0.4; charset=utf-8"});
  });
  router.add("GET", "/healthz", [&health](Request) { return give(health.respond()); });
}

}  // namespace weir::serve
