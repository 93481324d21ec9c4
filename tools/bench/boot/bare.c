/*
 * The yardstick of bench:boot: the least a program can do to boot libkrun's guest kernel and come back.
 * usage: bare LIBKRUN LIBKRUNFW ROOT VCPUS MEMORY_MIB PROGRAM [ARG]
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *library;

static void *symbol(const char *name) {
  void *address = dlsym(library, name);
  if (address == NULL) {
    fprintf(stderr, "bare: %s\n", dlerror());
    exit(70);
  }
  return address;
}

static void check(const char *what, int32_t result) {
  if (result < 0) {
    fprintf(stderr, "bare: %s answered %d\n", what, result);
    exit(70);
  }
}

int main(int argc, char **argv) {
  if (argc < 7) {
    fprintf(stderr, "usage: bare LIBKRUN LIBKRUNFW ROOT VCPUS MEMORY_MIB PROGRAM [ARG]\n");
    return 64;
  }
  if (dlopen(argv[2], RTLD_NOW | RTLD_GLOBAL) == NULL || (library = dlopen(argv[1], RTLD_NOW)) == NULL) {
    fprintf(stderr, "bare: %s\n", dlerror());
    return 70;
  }
  int32_t (*create_ctx)(void) = symbol("krun_create_ctx");
  int32_t (*set_vm_config)(uint32_t, uint8_t, uint32_t) = symbol("krun_set_vm_config");
  int32_t (*set_root)(uint32_t, const char *) = symbol("krun_set_root");
  int32_t (*set_exec)(uint32_t, const char *, const char *const[], const char *const[]) = symbol("krun_set_exec");
  int32_t (*start_enter)(uint32_t) = symbol("krun_start_enter");

  const char *arguments[] = {argc > 7 ? argv[7] : NULL, NULL};
  const char *environment[] = {NULL};
  int32_t context = create_ctx();
  check("krun_create_ctx", context);
  check("krun_set_vm_config", set_vm_config(context, (uint8_t)atoi(argv[4]), (uint32_t)atoi(argv[5])));
  check("krun_set_root", set_root(context, argv[3]));
  check("krun_set_exec", set_exec(context, argv[6], arguments, environment));
  check("krun_start_enter", start_enter(context));
  return 70;
}
