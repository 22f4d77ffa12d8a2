# Sets MEGASCOPE_HAVE_CUDA and, where it holds, enables the language CUDA with C++20 for every architecture that we compile for.
#
# Included, not called: CMAKE_CUDA* variables must be set in the scope of the top CMakeLists.txt.
set(MEGASCOPE_HAVE_CUDA FALSE)
set(cuda_missing "")
if(MEGASCOPE_CUDA STREQUAL "OFF")
  set(cuda_missing "MEGASCOPE_CUDA=OFF")
else()
  find_package(CUDAToolkit 12.8 QUIET)  # 12.8 is the first that knows sm_100a
  if(NOT CUDAToolkit_FOUND)
    set(cuda_missing "no CUDA toolkit 12.8 or newer")
  else()
    if(NOT CMAKE_CUDA_COMPILER)  # the toolkit is found even when its nvcc is not on the PATH
      set(CMAKE_CUDA_COMPILER "${CUDAToolkit_NVCC_EXECUTABLE}" CACHE FILEPATH "nvcc")
    endif()
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)  # must be known before the language is enabled
      set(CMAKE_CUDA_ARCHITECTURES "80-real;90a-real;100a-real" CACHE STRING "GPU architectures")
    endif()
    include(CheckLanguage)
    check_language(CUDA)  # says NOTFOUND where nvcc is there but broken
    if(NOT CMAKE_CUDA_COMPILER)
      set(cuda_missing "nvcc of ${CUDAToolkit_BIN_DIR} does not work")
      unset(CMAKE_CUDA_COMPILER CACHE)
    endif()
  endif()
endif()

if(cuda_missing STREQUAL "")
  enable_language(CUDA)
  # CMake 3.25 does not know that nvcc has C++20. After enable_language, whose own probe must not see them.
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION AND CMAKE_CUDA_COMPILER_ID STREQUAL "NVIDIA")
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  endif()
  set(CMAKE_CUDA_STANDARD 20)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  set(MEGASCOPE_HAVE_CUDA TRUE)
  message(STATUS "CUDA: nvcc ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}")
elseif(MEGASCOPE_CUDA STREQUAL "ON")
  message(FATAL_ERROR "CUDA: MEGASCOPE_CUDA=ON, but ${cuda_missing}")
else()
  message(STATUS "CUDA: left out, ${cuda_missing}")
endif()
