# What every target of this project is compiled with.

add_library(ft_warnings INTERFACE)
target_compile_options(ft_warnings INTERFACE
  -Wall -Wextra -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual> -Wcast-align -Wunused
  -Wimplicit-fallthrough)
if(FT_WERROR)
  target_compile_options(ft_warnings INTERFACE -Werror)
endif()
target_compile_options(ft_warnings INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)

# A finished task that is awaited must not cost a stack frame, at any level of optimisation: g++
# transfers from coroutine to coroutine by a tail call only when it is told to.
set(FT_COROUTINE_FLAGS $<$<CXX_COMPILER_ID:GNU>:-foptimize-sibling-calls>)
add_compile_options(
  "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-foptimize-sibling-calls>")

if(FT_SANITIZE)
  # The check of functions' types breaks coroutines; that of virtual tables opens a pipe, and calls
  # every object wrong where no descriptor is left.
  add_compile_options(-fsanitize=${FT_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize=function,vptr -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FT_SANITIZE})
endif()
