# cmake -D RUNNER=<the runner> -D CASES=<ops.json> -D WORK=<folder> -P runner.cmake
# The runner on files that it has to find fault with.
cmake_minimum_required(VERSION 3.25)
get_filename_component(folder ${CASES} DIRECTORY)
file(READ ${CASES} cases)

# Its status, and all that it says matches; the arrays are beside the cases unless told otherwise.
function(check what text status pattern)
  file(REMOVE_RECURSE ${WORK})
  file(WRITE ${WORK}/cases.json "${text}")
  if(NOT "WITHOUT_ARRAYS" IN_LIST ARGN)
    file(COPY ${folder}/ops.npz DESTINATION ${WORK})
  endif()
  list(REMOVE_ITEM ARGN WITHOUT_ARRAYS)
  execute_process(COMMAND ${RUNNER} ${WORK}/cases.json --json ${WORK}/out.json ${ARGN}
    RESULT_VARIABLE got OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT got EQUAL status OR NOT said MATCHES "${pattern}")
    message(SEND_ERROR "${what}: status ${got}, expected ${status} and \"${pattern}\":\n${said}")
  endif()
endfunction()

check("the cases as they are" "${cases}" 0 "^[1-9][0-9]* passed, 0 failed, 0 skipped\n$" --id add)
check("a group that there is not" "${cases}" 0 "^0 passed, 0 failed, 0 skipped\n$" --group nothing)
check("an unknown dtype" "${cases}" 105 "--dtype" --dtype f16)

string(REPLACE "\"scalar\":1.5," "\"scalar\":1.515," altered "${cases}")
foreach(dtype f64 f32)
  check("a value that is 1 % off" "${altered}" 1
    "add.3: output y at [(].[)]: got [-0-9.]+, want [-0-9.]+ .rtol.*passed, [1-9][0-9]* failed" --id add --dtype ${dtype})
endforeach()
file(READ ${WORK}/out.json report)
string(JSON outcome GET "${report}" add.3)
if(NOT outcome MATCHES "^failed: output y at")
  message(SEND_ERROR "--json has \"${outcome}\"")
endif()

string(REPLACE "\"op\":\"exp\"," "\"op\":\"no_such\"," altered "${cases}")
check("an unknown op" "${altered}" 1 "^unknown op: no_such\n0 passed, 0 failed" --id exp.)
check("no arrays" "${cases}" 1 "add.1: .*ops.npz cannot be read\n.*0 passed" --id add. WITHOUT_ARRAYS)
string(REGEX REPLACE "\"offset\":[0-9]+" "\"offset\":99999999" altered "${cases}")
check("arrays that end early" "${altered}" 1 "ops.npz has no [0-9]+ bytes at 99999999\n" --id add.)
string(SUBSTRING "${cases}" 0 5000 altered)
check("a file that ends early" "${altered}" 2 "^conformance: .*parse error")
check("a case without a name" "{\"cases\":[{\"kind\":\"grad\"}]}" 2 "^conformance: .*id")
check("a case without its parts" "{\"cases\":[{\"id\":\"a\"}]}" 1 "^a: .*kind.*1 failed")

# grads_any_of: one of the rules has to fit, all of its gradients.
string(REGEX MATCH "{\"id\":\"relu.1\"[^\n]*" case "${cases}")
string(REGEX REPLACE ",\"second\".*" "}" case "${case}")
string(REGEX MATCH "\"upstream\":.({[^}]*})" upstream "${case}")
string(REPLACE "\"of\":\"y\"" "\"of\":\"a\",\"t64\":[0,0]" wrong "${CMAKE_MATCH_1}")
string(REGEX MATCH "\"grads\":(.{[^}]*}.)" grads "${case}")
set(right "${CMAKE_MATCH_1}")
foreach(rules "{\"rule\":\"x\",\"grads\":[${wrong}]},{\"rule\":\"y\",\"grads\":${right}}" "[${wrong}],${right}")
  string(REPLACE "${grads}" "\"grads_any_of\":[${rules}]" altered "${case}")
  check("one rule of two" "{\"cases\":[${altered}]}" 0 "^1 passed, 0 failed")
endforeach()
string(REPLACE "${grads}" "\"grads_any_of\":[{\"rule\":\"x\",\"grads\":[${wrong}]}]" altered "${case}")
check("no rule" "{\"cases\":[${altered}]}" 1 "relu.1: no rule for ties fits; gradient of a at .*1 failed")
