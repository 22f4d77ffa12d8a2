# megascope_embed(OUTPUT.cpp FUNCTION FILES ...)
#   Generates OUTPUT.cpp in the binary folder, which defines `std::span<const mk::EmbeddedFile> mk::FUNCTION()`
#   (core/embedded_files.h): the name (stem) and the text of each file, in the order given. The file is generated again when
#   one of FILES changes. Sets the variable OUTPUT_cpp's path in the caller as MEGASCOPE_EMBEDDED.
#
# Also a script of its own: cmake -DOUTPUT=... -DFUNCTION=... "-DFILES=a|b" -P embed_files.cmake
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  string(REPLACE "|" ";" FILES "${FILES}")
  set(table "")
  foreach(file IN LISTS FILES)
    get_filename_component(stem "${file}" NAME_WLE)
    file(READ "${file}" text)
    string(APPEND table "    {\"${stem}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  file(WRITE "${OUTPUT}"
    "#include \"core/embedded_files.h\"\n\nnamespace mk {\nnamespace {\nconstexpr EmbeddedFile kFiles[] = {\n${table}};\n}  // namespace\n"
    "std::span<const EmbeddedFile> ${FUNCTION}() { return kFiles; }\n}  // namespace mk\n")
  return()
endif()

set(MEGASCOPE_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(megascope_embed output function)
  set(path "${CMAKE_CURRENT_BINARY_DIR}/${output}")
  list(TRANSFORM ARGN PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE files)
  list(JOIN files "|" joined)
  add_custom_command(OUTPUT "${path}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${path}" "-DFUNCTION=${function}" "-DFILES=${joined}" -P "${MEGASCOPE_EMBED_SCRIPT}"
    DEPENDS ${files} "${MEGASCOPE_EMBED_SCRIPT}" VERBATIM)
  set(MEGASCOPE_EMBEDDED "${path}" PARENT_SCOPE)
endfunction()
