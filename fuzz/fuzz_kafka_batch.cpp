#include <cstdio>
#include <cstdlib>

#include "fuzz/kafka.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  const weir::fuzz::Violation violation = weir::fuzz::check_kafka_batch({reinterpret_cast<const char*>(bytes), size});
  if (!violation.empty()) {
    std::fprintf(stderr, "violated: %s\n", violation.c_str());
    std::abort();
  }
  return 0;
}
