# megascope_source_hash(OUTPUT.cpp HEADER FUNCTION FOLDERS ...)
#   Generates OUTPUT.cpp in the binary folder, which defines `std::string_view mk::FUNCTION()`, declared in HEADER: a hash of
#   every .h and .cpp file in FOLDERS (of the project's root). It is generated again when one of them changes. Sets
#   MEGASCOPE_SOURCE_HASH to the path.
#
# Also a script of its own: cmake -DOUTPUT=... -DHEADER=... -DFUNCTION=... -DROOT=... "-DFILES=a|b" -P source_hash.cmake
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  string(REPLACE "|" ";" FILES "${FILES}")
  set(all "")
  foreach(file IN LISTS FILES)
    file(SHA256 "${ROOT}/${file}" hash)
    string(APPEND all "${file} ${hash}\n")
  endforeach()
  string(SHA256 hash "${all}")
  string(SUBSTRING "${hash}" 0 16 hash)
  set(text "#include \"${HEADER}\"\n\nnamespace mk {\nstd::string_view ${FUNCTION}() { return \"${hash}\"; }\n}  // namespace mk\n")
  if(EXISTS "${OUTPUT}")
    file(READ "${OUTPUT}" before)
  endif()
  if(NOT text STREQUAL before)
    file(WRITE "${OUTPUT}" "${text}")
  endif()
  return()
endif()

set(MEGASCOPE_SOURCE_HASH_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(megascope_source_hash output header function)
  set(path "${CMAKE_CURRENT_BINARY_DIR}/${output}")
  set(files "")
  foreach(folder IN LISTS ARGN)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/${folder}/*.h"
      "${PROJECT_SOURCE_DIR}/${folder}/*.cpp")
    list(APPEND files ${found})
  endforeach()
  list(SORT files)
  list(JOIN files "|" joined)
  list(TRANSFORM files PREPEND "${PROJECT_SOURCE_DIR}/" OUTPUT_VARIABLE depends)
  add_custom_command(OUTPUT "${path}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${path}" "-DHEADER=${header}" "-DFUNCTION=${function}" "-DROOT=${PROJECT_SOURCE_DIR}"
      "-DFILES=${joined}" -P "${MEGASCOPE_SOURCE_HASH_SCRIPT}"
    DEPENDS ${depends} "${MEGASCOPE_SOURCE_HASH_SCRIPT}" VERBATIM)
  set(MEGASCOPE_SOURCE_HASH "${path}" PARENT_SCOPE)
endfunction()
