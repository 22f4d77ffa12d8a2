# cmake -DBUILD=... -DFOLDER=... -DSAMPLE=trace.db -P check_program.cmake
# Installs the viewer into FOLDER and looks at what came there: the desktop entry names a program and an icon that are there.
# Then runs that program as a shell would: its exit status, one line on stderr where something is refused, never a crash.
file(REMOVE_RECURSE "${FOLDER}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --component viewer --prefix "${FOLDER}"
  RESULT_VARIABLE failed OUTPUT_QUIET)
if(failed)
  message(FATAL_ERROR "cmake --install failed")
endif()
file(STRINGS "${FOLDER}/share/applications/megascope-gui.desktop" lines)
list(JOIN lines "\n" entry)
if(NOT entry MATCHES "\nExec=([^ \n]+)")
  message(FATAL_ERROR "the desktop entry has no Exec")
endif()
set(program "${FOLDER}/bin/${CMAKE_MATCH_1}")
if(NOT entry MATCHES "\nIcon=([^\n]+)")
  message(FATAL_ERROR "the desktop entry has no Icon")
endif()
set(icon "${FOLDER}/share/icons/hicolor/scalable/apps/${CMAKE_MATCH_1}.svg")
foreach(file IN ITEMS "${program}" "${icon}")
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()

# check(STATUS REGEX ARGUMENTS ...): with no display, the exit status and what is said.
function(check status regex)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E env --unset=DISPLAY --unset=WAYLAND_DISPLAY --unset=QT_QPA_PLATFORM
      "${program}" ${ARGN}
    RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE complained)
  if(NOT result STREQUAL status OR NOT "${said}${complained}" MATCHES "${regex}")
    message(FATAL_ERROR "megascope-gui ${ARGN}: exit status ${result}, not ${status}, or not '${regex}':\n${said}${complained}")
  endif()
endfunction()

file(WRITE "${FOLDER}/empty.db" "")
file(WRITE "${FOLDER}/foreign.db" "no trace at all, but longer than a header of SQLite, so that it is looked at in earnest, byte by byte\n")
check(0 "usage: megascope-gui" --help)
check(2 "nonsense" --nonsense)
check(1 "no display can be opened; --screenshot FILE.png draws" "${SAMPLE}")
check(1 "empty.db" --screenshot "${FOLDER}/a.png" "${FOLDER}/empty.db")
check(1 "foreign.db" --screenshot "${FOLDER}/a.png" "${FOLDER}/foreign.db")
check(1 "missing.db" --screenshot "${FOLDER}/a.png" "${FOLDER}/missing.db")
check(1 "cannot be written" --screenshot "${FOLDER}/nowhere/a.png" "${SAMPLE}")
check(0 "" --screenshot "${FOLDER}/a.png" "${SAMPLE}")
if(NOT EXISTS "${FOLDER}/a.png")
  message(FATAL_ERROR "no picture was written")
endif()

# A display that is named but not there, and a machine without fonts: the same picture.
set(ENV{DISPLAY} ":4711")
execute_process(COMMAND "${CMAKE_COMMAND}" -E env --unset=WAYLAND_DISPLAY --unset=QT_QPA_PLATFORM "${program}" "${SAMPLE}"
  RESULT_VARIABLE result ERROR_VARIABLE complained)
if(NOT result EQUAL 1 OR NOT complained MATCHES "^megascope-gui: no display can be opened; --screenshot FILE.png draws[^\n]*\n$")
  message(FATAL_ERROR "with a display that is not there: exit status ${result}, and not that line alone:\n${complained}")
endif()
file(WRITE "${FOLDER}/no_fonts.conf" "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\"><fontconfig/>\n")
set(ENV{FONTCONFIG_FILE} "${FOLDER}/no_fonts.conf")
check(0 "" --screenshot "${FOLDER}/no_fonts.png" "${SAMPLE}")
file(SHA256 "${FOLDER}/a.png" with_fonts)
file(SHA256 "${FOLDER}/no_fonts.png" without_fonts)
if(NOT with_fonts STREQUAL without_fonts)
  message(FATAL_ERROR "the picture depends on the machine's fonts")
endif()

# Where no font can be loaded: refused in a line of its own, or a window with that line beside it, and no crash.
set(ENV{QT_QPA_PLATFORM} minimal)
set(no_fonts "^megascope-gui: the program's fonts could not be loaded[^\n]*\n$")
execute_process(COMMAND "${program}" --screenshot "${FOLDER}/boxes.png" "${SAMPLE}" RESULT_VARIABLE result ERROR_VARIABLE complained)
if(NOT result EQUAL 1 OR NOT complained MATCHES "${no_fonts}" OR EXISTS "${FOLDER}/boxes.png")
  message(FATAL_ERROR "a picture without fonts: exit status ${result}, and not that line alone:\n${complained}")
endif()
execute_process(COMMAND "${program}" --window-screenshot "${FOLDER}/window.png" "${SAMPLE}"
  RESULT_VARIABLE result ERROR_VARIABLE complained)
if(NOT result EQUAL 0 OR NOT complained MATCHES "${no_fonts}" OR NOT EXISTS "${FOLDER}/window.png")
  message(FATAL_ERROR "a window without fonts: exit status ${result}, and not that line alone:\n${complained}")
endif()
