/*
 * Node-API on Windows. There a library names the program that it takes functions from, and that need not be node.exe: an
 * application of Electron, or a single executable, has a name of its own. So the functions are looked up in whichever
 * program runs. Elsewhere the system does that.
 */
#ifndef GRADPOOL_NODE_API_WINDOWS_H
#define GRADPOOL_NODE_API_WINDOWS_H

#include <node_api.h>
#include <stdbool.h>

#if defined(_WIN32)
/* Where a library of Windows begins, without a C library. */
int __stdcall DllMainCRTStartup(void *library, unsigned reason, void *reserved) {
    (void)library, (void)reason, (void)reserved;
    return 1;
}

__declspec(dllimport) void *GetModuleHandleA(const char *name);
__declspec(dllimport) void *GetProcAddress(void *module, const char *name);

#define NODE_API_FUNCTIONS(DO)                                                                                         \
    DO(napi_create_double)                                                                                             \
    DO(napi_create_uint32)                                                                                             \
    DO(napi_define_properties)                                                                                         \
    DO(napi_get_boolean)                                                                                               \
    DO(napi_get_cb_info)                                                                                               \
    DO(napi_get_typedarray_info)                                                                                       \
    DO(napi_get_value_double)                                                                                          \
    DO(napi_get_value_string_utf8)                                                                                     \
    DO(napi_get_value_uint32)                                                                                          \
    DO(napi_throw_type_error)

#define DECLARE(name) static __typeof__(&name) found_##name;
#define FIND(name)                                                                                                     \
    found_##name = (__typeof__(found_##name))GetProcAddress(program, #name);                                           \
    if (!found_##name) return false;

NODE_API_FUNCTIONS(DECLARE)

/* False in a program without Node-API. */
static bool find_node_api(void) {
    void *program = GetModuleHandleA(0);
    NODE_API_FUNCTIONS(FIND)
    return true;
}

#define napi_create_double found_napi_create_double
#define napi_create_uint32 found_napi_create_uint32
#define napi_define_properties found_napi_define_properties
#define napi_get_boolean found_napi_get_boolean
#define napi_get_cb_info found_napi_get_cb_info
#define napi_get_typedarray_info found_napi_get_typedarray_info
#define napi_get_value_double found_napi_get_value_double
#define napi_get_value_string_utf8 found_napi_get_value_string_utf8
#define napi_get_value_uint32 found_napi_get_value_uint32
#define napi_throw_type_error found_napi_throw_type_error
#else
static bool find_node_api(void) { return true; }
#endif
#endif
