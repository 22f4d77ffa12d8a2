# Every library of others that an ordinary build needs. All are Debian packages; scripts/packages.txt lists them for scripts/test.

# megascope_require(NAME DEBIAN_PACKAGE [argument of find_package ...])
macro(megascope_require name debian_package)
  find_package(${name} QUIET ${ARGN})
  if(NOT ${name}_FOUND)
    message(FATAL_ERROR "${name} is missing; on Debian: apt install ${debian_package}")
  endif()
endmacro()

megascope_require(Threads libc6-dev)                      # Threads::Threads
megascope_require(fmt libfmt-dev)                         # fmt::fmt
megascope_require(tl-expected libexpected-dev)            # tl::expected
megascope_require(nlohmann_json nlohmann-json3-dev)       # nlohmann_json::nlohmann_json
megascope_require(Boost libboost-graph-dev 1.74 CONFIG)   # Boost::headers (Boost.Graph's algorithms are headers)
megascope_require(SQLite3 libsqlite3-dev)                 # SQLite::SQLite3
megascope_require(Eigen3 libeigen3-dev 3.4 CONFIG)        # Eigen3::Eigen (headers)
megascope_require(CLI11 libcli11-dev)                     # CLI11::CLI11
megascope_require(GTest "libgtest-dev libgmock-dev")      # GTest::gmock_main
megascope_require(benchmark libbenchmark-dev)             # benchmark::benchmark_main
if(NOT TARGET GTest::gmock_main)
  message(FATAL_ERROR "GoogleMock is missing; on Debian: apt install libgmock-dev")
endif()

# Optional: SimGrid (libsimgrid-dev), against which tests hold the simulator's memory and benchmarks its speed.
find_library(MEGASCOPE_SIMGRID_LIBRARY simgrid)
find_path(MEGASCOPE_SIMGRID_INCLUDE simgrid/s4u.hpp)
add_library(megascope_simgrid INTERFACE)
if(MEGASCOPE_SIMGRID_LIBRARY AND MEGASCOPE_SIMGRID_INCLUDE)
  target_include_directories(megascope_simgrid SYSTEM INTERFACE "${MEGASCOPE_SIMGRID_INCLUDE}")
  target_link_libraries(megascope_simgrid INTERFACE "${MEGASCOPE_SIMGRID_LIBRARY}")
  target_compile_definitions(megascope_simgrid INTERFACE MEGASCOPE_SIMGRID)
endif()
