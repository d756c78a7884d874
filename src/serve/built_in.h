// The two pages that every role has: /metrics for Prometheus, /healthz for whoever decides where to send requests.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/metrics.h"
#include "serve/router.h"

namespace weir::serve {

// Named checks. Each looks at a state that is kept anyway and returns at once; an error says what is wrong. Added at
// start-up, asked on the server's loop.
class Health {
 public:
  using Check = std::function<base::Result<void>()>;

  void add(std::string name, Check check) { checks_.emplace_back(std::move(name), std::move(check)); }
  // 200, or 503 with each failing check and its reason.
  Response respond() const;

 private:
  std::vector<std::pair<std::string, Check>> checks_;
};

// Both must outlive the router.
void add_built_in(Router& router, const base::Metrics& metrics, const Health& health);

}  // namespace weir::serve
