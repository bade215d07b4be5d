# CAIRN_NODE: a node that is new enough for the page's tools. deploy/setup puts one into .cache/node
# where the system's is too old; it goes before the system's.
find_program(
  CAIRN_NODE node
  PATHS ${CMAKE_SOURCE_DIR}/.cache/node/node_modules/node/bin
  NO_DEFAULT_PATH)
find_program(CAIRN_NODE node)

set(CAIRN_NODE_NEEDED 20.19)
if(CAIRN_NODE)
  execute_process(
    COMMAND ${CAIRN_NODE} --version
    OUTPUT_VARIABLE CAIRN_NODE_VERSION
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX REPLACE "^v" "" CAIRN_NODE_VERSION "${CAIRN_NODE_VERSION}")
endif()
if(NOT CAIRN_NODE OR CAIRN_NODE_VERSION VERSION_LESS CAIRN_NODE_NEEDED)
  message(
    FATAL_ERROR
      "The page needs node ${CAIRN_NODE_NEEDED} or newer; found: ${CAIRN_NODE} ${CAIRN_NODE_VERSION}\n"
      "Run deploy/setup, or build without the page: -DCAIRN_WITH_UI=OFF")
endif()
