# What holds for every target: the language, where programs go, the compiler cache, sanitizers, warnings.

get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT multi_config AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, RelWithDebInfo or Release" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

# CMake's own value adds -DNDEBUG, which would switch MK_DCHECK off in the builds that developers test with.
# -g1: lines and stacks; variables too would cost a third of each link and of the build folder.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

# CCACHE_NOHASHDIR and CCACHE_BASEDIR: build folders and clones share what they compiled. Paths in debug information stay
# absolute, so only the recorded working directory can be another build folder's. CCACHE_SLOPPINESS: what ccache asks for where
# headers are precompiled.
if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(MEGASCOPE_CCACHE ccache)
  mark_as_advanced(MEGASCOPE_CCACHE)
  if(MEGASCOPE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER
        /usr/bin/env CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
        "${MEGASCOPE_CCACHE}")
    set(CMAKE_CUDA_COMPILER_LAUNCHER "${CMAKE_CXX_COMPILER_LAUNCHER}")
  endif()
endif()

# Instrumented code costs much more to optimise than its tests then save: at -Og an engine compiles in 14 s, at -O1, which the
# sanitizers' manuals advise, in 24 (g++ 12, AddressSanitizer). clang's -Og is its -O1.
if(MEGASCOPE_SANITIZE)
  add_compile_options(
    "$<$<COMPILE_LANGUAGE:CXX>:-Og;-fsanitize=${MEGASCOPE_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>")
  add_link_options("-fsanitize=${MEGASCOPE_SANITIZE}")
endif()

# What the compiler of one file allocates is given back at its end: to look for garbage before there is half a gigabyte of it costs
# a tenth of the time.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:--param ggc-min-heapsize=524288>")
endif()

# Linked privately by every target of ours, so that headers of others are not held to it.
add_library(megascope_warnings INTERFACE)
add_library(megascope::warnings ALIAS megascope_warnings)
set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms on std::string in C++20, the last two at -O3: GCC bugs 105329 and 105651, fixed in 13.
  list(APPEND warnings -Wno-restrict $<$<CONFIG:Release>:-Wno-array-bounds> $<$<CONFIG:Release>:-Wno-stringop-overflow>)
endif()
if(MEGASCOPE_WERROR)
  list(APPEND warnings -Werror)
endif()
target_compile_options(megascope_warnings INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:${warnings}>"
  "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>"
  "$<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${MEGASCOPE_WERROR}>>:-Werror=all-warnings>")
