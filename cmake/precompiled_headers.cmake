# Precompiled headers. Half of the time of compiling one of our files went into headers of others; every target below takes the one
# that fits it. Sources still include what they use: the preset `fuzz` compiles without, and so does all_verify_interface_header_sets.
#
#   megascope_precompile(TARGET base|qt|test|qt_test)
#     TARGET's C++ sources see a header that is compiled once: `base` is the standard library, fmt and tl::expected; `test` adds
#     GoogleMock, `qt` Qt's painting, `qt_test` both.
#
# The compiler takes such a header only where macros and options are those it was made with, and -Winvalid-pch says where not: hence
# fmt and tl::expected are linked by all targets that take one.

option(MEGASCOPE_PRECOMPILE "Precompiled headers" ON)

set(precompiled_base
  <algorithm> <array> <atomic> <chrono> <cmath> <cstddef> <cstdint> <cstdlib> <cstring> <filesystem> <fstream> <functional> <limits>
  <map> <memory> <numeric> <optional> <set> <span> <sstream> <string> <string_view> <thread> <tuple> <unordered_map> <utility>
  <variant> <vector> <fmt/format.h> <fmt/ranges.h> <tl/expected.hpp>)
set(precompiled_test <gmock/gmock.h> <gtest/gtest.h>)
set(precompiled_qt <QGuiApplication> <QImage> <QMouseEvent> <QPainter> <QString> <QStringList>)

# The target that compiles the header `name`, made when it is first asked for.
function(megascope_precompiled_header name)
  if(TARGET megascope_precompiled_${name})
    return()
  endif()
  set(headers ${precompiled_base})
  set(libraries fmt::fmt tl::expected)
  if(name MATCHES test)
    list(APPEND headers ${precompiled_test})
    list(APPEND libraries GTest::gmock_main)
  endif()
  if(name MATCHES qt)
    list(APPEND headers ${precompiled_qt})
    list(APPEND libraries Qt6::Gui)
  endif()
  set(source "${PROJECT_BINARY_DIR}/precompiled/${name}.cpp")
  if(NOT EXISTS "${source}")
    file(WRITE "${source}" "// A target needs a source.\n")
  endif()
  add_library(megascope_precompiled_${name} OBJECT "${source}")
  target_link_libraries(megascope_precompiled_${name} PRIVATE megascope::warnings ${libraries})
  target_precompile_headers(megascope_precompiled_${name} PRIVATE ${headers})
  if(name MATCHES test)
    megascope_compile_as_test(megascope_precompiled_${name})
  endif()
endfunction()

function(megascope_precompile target name)
  target_link_libraries(${target} PRIVATE fmt::fmt tl::expected)
  if(MEGASCOPE_PRECOMPILE)
    megascope_precompiled_header(${name})
    target_precompile_headers(${target} REUSE_FROM megascope_precompiled_${name})
  endif()
endfunction()

# Code of tests runs once: optimising it costs more than it saves.
function(megascope_compile_as_test target)
  target_compile_options(${target} PRIVATE "$<$<AND:$<CONFIG:RelWithDebInfo>,$<COMPILE_LANGUAGE:CXX>>:-O1>")
endfunction()
