# The three kinds of target that folders declare.
#
#   megascope_library(NAME [SOURCES ...] [HEADERS ...] [LINK ...] [LINK_PRIVATE ...] [PRECOMPILED base|qt])
#     the static library megascope_NAME, alias megascope::NAME (without SOURCES: header-only). LINK is what its headers need,
#     LINK_PRIVATE what only its sources need. Each of HEADERS must compile alone: target all_verify_interface_header_sets.
#     PRECOMPILED: as in precompiled_headers.cmake, `base` unless told.
#   megascope_program(NAME SOURCES ... [LINK ...])
#     the program build/<preset>/bin/NAME.
#   megascope_test(NAME SOURCES ... [LINK ...] [LABELS ...] [TIMEOUT seconds] [PRECOMPILED test|qt_test])
#     a GoogleTest program (GoogleMock's main is linked) whose tests CTest runs one by one as NAME.Suite.Test. LABELS: unit (the
#     default), golden, validation, gpu, gui, perf, and besides one of these `concurrency` (scripts/test runs it under
#     ThreadSanitizer too) and `sanitize` (under AddressSanitizer and UBSan too). TIMEOUT: of one test, 60 s unless told.
#     The target tests_LABEL builds all tests with that label. Files of ours are found under mk::source_dir() (tests/support/source_dir.h).

set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

function(megascope_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PRECOMPILED" "SOURCES;HEADERS;LINK;LINK_PRIVATE")
  megascope_refuse_unknown(megascope_library ${name} "${arg_UNPARSED_ARGUMENTS}")
  set(target megascope_${name})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(visibility PUBLIC)
    target_link_libraries(${target} PRIVATE megascope::warnings ${arg_LINK_PRIVATE})
    if(NOT arg_PRECOMPILED)
      set(arg_PRECOMPILED base)
    endif()
    megascope_precompile(${target} ${arg_PRECOMPILED})
  else()
    add_library(${target} INTERFACE)
    set(visibility INTERFACE)
  endif()
  add_library(megascope::${name} ALIAS ${target})
  target_sources(${target} ${visibility} FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${arg_HEADERS})
  target_include_directories(${target} ${visibility} "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} ${visibility} ${arg_LINK})
endfunction()

function(megascope_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  megascope_refuse_unknown(megascope_program ${name} "${arg_UNPARSED_ARGUMENTS}")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE megascope::warnings ${arg_LINK})
endfunction()

function(megascope_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;PRECOMPILED" "SOURCES;LINK;LABELS")
  megascope_refuse_unknown(megascope_test ${name} "${arg_UNPARSED_ARGUMENTS}")
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(NOT arg_PRECOMPILED)
    set(arg_PRECOMPILED test)
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test_programs")
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE megascope::warnings ${arg_LINK} megascope::source_dir GTest::gmock_main)
  megascope_compile_as_test(${name})
  megascope_precompile(${name} ${arg_PRECOMPILED})
  foreach(label IN LISTS arg_LABELS)
    megascope_label_target(${label})
    add_dependencies(tests_${label} ${name})
  endforeach()
  # PRE_TEST: a build need not run the program.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 TEST_PREFIX "${name}."
    PROPERTIES TIMEOUT ${arg_TIMEOUT})
  # Labels are set when CTest reads its files, because gtest_discover_tests of CMake 3.25 passes only the first of a list.
  set(labels_file "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake")
  file(WRITE "${labels_file}" "if(${name}_TESTS)\n"
    "  set_tests_properties(\${${name}_TESTS} PROPERTIES LABELS \"${arg_LABELS}\")\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${labels_file}")
endfunction()

function(megascope_label_target label)
  if(NOT TARGET tests_${label})
    add_custom_target(tests_${label})
  endif()
endfunction()

# A misspelt keyword would else be taken for one more source.
function(megascope_refuse_unknown function name arguments)
  if(arguments)
    message(FATAL_ERROR "${function}(${name}): '${arguments}' belongs to no keyword")
  endif()
endfunction()

include(GoogleTest)
foreach(label unit golden validation gpu gui perf concurrency sanitize)
  megascope_label_target(${label})  # scripts build these whether or not a test has the label
endforeach()
