// For threads whose work may wait, beside one that answers requests.
#pragma once

namespace weir::runtime {

// From now on the calling thread gives way: where another wants the same core all the time, it has a seventieth of it
// (nice 19), in slices of a tenth of a millisecond (from Linux 6.12 on). Where it may not be set, all stays as it was.
void be_background_thread();

}  // namespace weir::runtime
