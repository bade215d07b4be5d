# LibTorch, 1.13 or 2.x, for this tree and, installed beside CairnConfig.cmake, for plugins:
#
#   Torch_VERSION, TORCH_INCLUDE_DIRS, TORCH_CXX_FLAGS, TORCH_LINK_FLAGS (both without a leading space)
#   TORCH_LIBRARY_FILES   by file: the imported target `torch` also asks for packages that its users
#                         never call (gflags, for one)
#
# CAIRN_TORCH_DIR names a folder with LibTorch's include/ and lib/: an unpacked archive, or
# site-packages/torch of a Python environment. Empty, the system's CMake package is taken. The
# folder's own CMake package is not asked: one built for CUDA wants a CUDA toolkit, which nothing
# here compiles with.
set(CAIRN_TORCH_DIR "${CAIRN_TORCH_DIR}" CACHE PATH "LibTorch's folder, empty for the system's")

if(CAIRN_TORCH_DIR)
  set(TORCH_LIBRARY ${CAIRN_TORCH_DIR}/lib/libtorch.so)
  set(TORCH_INCLUDE_DIRS ${CAIRN_TORCH_DIR}/include
                         ${CAIRN_TORCH_DIR}/include/torch/csrc/api/include)
  set(TORCH_CXX_FLAGS)
  if(NOT EXISTS ${TORCH_LIBRARY} OR NOT EXISTS ${CAIRN_TORCH_DIR}/include/torch/csrc/api/include)
    message(FATAL_ERROR "CAIRN_TORCH_DIR is ${CAIRN_TORCH_DIR}, which lacks lib/libtorch.so or "
                        "include/torch: it must be the folder that this prints\n"
                        "  python3 -c 'import torch; print(torch.__path__[0])'")
  endif()
  foreach(HEADER torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(EXISTS ${CAIRN_TORCH_DIR}/include/${HEADER})
      file(READ ${CAIRN_TORCH_DIR}/include/${HEADER} TEXT)
      if(TEXT MATCHES "define TORCH_VERSION[^\"]*\"([0-9.]+)")
        set(Torch_VERSION ${CMAKE_MATCH_1})
        break()
      endif()
    endif()
  endforeach()
else()
  find_package(Torch CONFIG QUIET)
  if(NOT TORCH_LIBRARY)
    message(FATAL_ERROR "no LibTorch: deploy/setup installs it, -DCAIRN_TORCH_DIR=FOLDER names one, "
                        "-DCAIRN_WITH_TORCH=OFF builds without the stages that need it")
  endif()
endif()

get_filename_component(TORCH_FOLDER ${TORCH_LIBRARY} DIRECTORY)
set(TORCH_LIBRARY_FILES)
foreach(LIBRARY torch torch_cpu c10 torch_cuda c10_cuda)
  if(EXISTS ${TORCH_FOLDER}/lib${LIBRARY}.so)
    list(APPEND TORCH_LIBRARY_FILES ${TORCH_FOLDER}/lib${LIBRARY}.so)
  endif()
endforeach()

# at::parallel_for is a template: without OpenMP in its caller it runs in one thread.
set(TORCH_LINK_FLAGS -fopenmp)
string(STRIP "${TORCH_CXX_FLAGS} ${TORCH_LINK_FLAGS}" TORCH_CXX_FLAGS)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Torch REQUIRED_VARS TORCH_LIBRARY TORCH_INCLUDE_DIRS
                                  VERSION_VAR Torch_VERSION)
