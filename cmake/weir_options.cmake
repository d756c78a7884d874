# Compiler and linker options that hold for every target.

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE)
  # A precompiled header is only cached when ccache may overlook its time stamps.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${WEIR_CCACHE})
endif()

find_program(WEIR_LLD NAMES ld.lld ld.lld-19)
if(WEIR_LLD)
  add_link_options(-fuse-ld=lld)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual
                    -Wunused -Woverloaded-virtual -Werror
                    -Wno-missing-field-initializers)  # A designated initialiser names what differs from the defaults.
# A programmer's error stops the process in release builds too.
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_compile_definitions(WEIR_VERSION="${PROJECT_VERSION}")
# g++ 12 reports these in the inlined bodies of the standard library.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
                      -Wno-maybe-uninitialized -Wno-mismatched-new-delete)
endif()

# NDEBUG stays undefined on purpose, and debug information is kept small.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

if(WEIR_SANITIZE)
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
endif()
