// The io_uring engine comes with the next change; until then it is refused, and kAuto takes epoll.
#include "runtime/loop_core.h"

namespace weir::runtime {

base::Result<std::unique_ptr<Loop>> create_uring_loop(const LoopOptions&) {
  return base::reject("create an io_uring loop: this build has none");
}

}  // namespace weir::runtime
