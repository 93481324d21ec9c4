// Stands in for libkrun.so: records the arguments it gets, and its krun_start_enter does what it was told before.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static char log_path[4096];

static FILE *record(void) {
  FILE *file = fopen(log_path, "a");
  if (!file) abort();
  return file;
}

int32_t krun_set_log(const char *path) {
  strncpy(log_path, path, sizeof log_path - 1);
  return 0;
}

int32_t krun_create_ctx(void) { return 7; }

int32_t krun_set_vm_config(uint32_t ctx, uint8_t vcpus, uint32_t ram_mib) {
  FILE *file = record();
  fprintf(file, "config %u %u %u\n", ctx, vcpus, ram_mib);
  fclose(file);
  return 0;
}

int32_t krun_set_exec(uint32_t ctx, const char *path, const char *const argv[], const char *const envp[]) {
  FILE *file = record();
  fprintf(file, "exec %u %s argv=%s,%s env=%s\n", ctx, path, argv[0], argv[1] ? argv[1] : "NULL", envp ? envp[0] : "NULL");
  fclose(file);
  return 0;
}

int32_t krun_eight(uint32_t a, int32_t b, uint64_t c, bool d, const uint8_t *e, const char *f, int in_fd, int out_fd) {
  FILE *file = record();
  fprintf(file, "eight %u %d %llu %d %u,%u %s %d %d\n", a, b, (unsigned long long)c, d, e[0], e[5], f ? f : "NULL", in_fd, out_fd);
  fclose(file);
  return 0;
}

static void send_to(int fd, uint8_t network) {
  uint8_t frame[4 + 34] = {0, 0, 0, 34, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45};
  uint8_t source[4] = {10, 0, 2, 2}, destination[4] = {network, network, network, network};
  memcpy(frame + 4 + 26, source, 4);
  memcpy(frame + 4 + 30, destination, 4);
  if (write(fd, frame, sizeof frame) != sizeof frame) abort();
}

/* Sends frames to 127.127.127.127 and 9.9.9.9, and records where the first was sent to that comes back. */
int32_t krun_card(int fd) {
  send_to(fd, 127);
  send_to(fd, 9);
  uint8_t frame[4 + 34];
  for (size_t at = 0; at < sizeof frame;) {
    ssize_t n = read(fd, frame + at, sizeof frame - at);
    if (n <= 0) return -EPIPE;
    at += n;
  }
  FILE *file = record();
  fprintf(file, "card %u.%u.%u.%u\n", frame[34], frame[35], frame[36], frame[37]);
  fclose(file);
  return 0;
}

int32_t krun_refuse(void) { return -EINVAL; }

/* What the VM process looks like from the inside. */
int32_t krun_describe(const char *read_only) {
  FILE *file = record();
  char path[4200];
  snprintf(path, sizeof path, "%s/probe", read_only);
  int fd = open(path, O_CREAT | O_WRONLY, 0600);
  fprintf(file, "write %s\n", fd < 0 && errno == EROFS ? "EROFS" : "allowed");
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  fprintf(file, "nofile %s\n", limit.rlim_cur == limit.rlim_max ? "raised" : "low");
  getrlimit(RLIMIT_CORE, &limit);
  fprintf(file, "core %lu\n", (unsigned long)limit.rlim_max);
  getrlimit(RLIMIT_RTPRIO, &limit);
  fprintf(file, "rtprio %lu\n", (unsigned long)limit.rlim_max);
  getrlimit(RLIMIT_NPROC, &limit);
  fprintf(file, "nproc %lu\n", (unsigned long)limit.rlim_max);
  fprintf(file, "no_new_privs %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  syscall(SYS_capget, &header, data);
  fprintf(file, "capabilities %x %x %x %x\n", data[0].effective, data[0].permitted, data[0].inheritable, data[1].permitted);
  int bounding = 0;
  for (int n = 0; n < 64; n++) bounding += prctl(PR_CAPBSET_READ, n, 0, 0, 0) == 1;
  fprintf(file, "bounding %d\n", bounding);
  int death = 0;
  prctl(PR_GET_PDEATHSIG, &death);
  fprintf(file, "death %d\n", death);
  fprintf(file, "environment %s\n", environ && environ[0] ? environ[0] : "empty");
  fprintf(file, "descriptors");
  for (int n = 0; n < 256; n++)
    if (fcntl(n, F_GETFD) >= 0 && n != fileno(file)) fprintf(file, " %d", n);
  fprintf(file, "\n");
  fclose(file);
  return 0;
}

/* Names in a directory, sorted. */
int32_t krun_list(const char *path) {
  struct dirent **found;
  int count = scandir(path, &found, NULL, alphasort);
  FILE *file = record();
  fprintf(file, "list %s:", path);
  for (int n = 0; n < count; n++)
    if (found[n]->d_name[0] != '.') fprintf(file, " %s", found[n]->d_name);
  fprintf(file, "%s\n", count < 0 ? " missing" : "");
  fclose(file);
  return 0;
}

/* What a VM never does, but somebody who broke out of one might. */
int32_t krun_try(const char *what) {
  // Not fork(): glibc 2.41 blocks all signals around it, so that nobody is told.
  if (!strcmp(what, "fork")) syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (!strcmp(what, "exec")) execl("/dev/kvm", "kvm", NULL);
  if (!strcmp(what, "mount")) mount("none", "/", "tmpfs", 0, NULL);
  if (!strcmp(what, "namespace")) unshare(CLONE_NEWUSER);
  if (!strcmp(what, "trace")) ptrace(PTRACE_ATTACH, getppid(), 0, 0);
  if (!strcmp(what, "signal")) kill(getppid(), SIGKILL);
  if (!strcmp(what, "internet")) socket(AF_INET, SOCK_STREAM, 0);
  if (!strcmp(what, "netlink")) socket(AF_NETLINK, SOCK_RAW, 0);
  if (!strcmp(what, "terminal")) ioctl(0, TIOCSTI, "x");
  if (!strcmp(what, "code")) mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!strcmp(what, "chroot")) chroot("/");
  return 0;
}

/* What a file holds, and whether it can be written to. */
int32_t krun_look(const char *path) {
  FILE *file = record();
  char text[64] = "";
  int fd = open(path, O_RDONLY);
  if (fd >= 0 && read(fd, text, sizeof text - 1) < 0) abort();
  close(fd);
  fd = open(path, O_WRONLY | O_CREAT, 0600);
  fprintf(file, "look %s: \"%s\" %s\n", path, text, fd >= 0 ? "writable" : strerror(errno));
  if (fd >= 0) close(fd);
  fclose(file);
  return 0;
}

/* libkrunfw 5.2.1, which is this library as well. */
const void *krunfw_get_kernel(uint64_t *load, uint64_t *entry, size_t *size) {
  *load = 0x1000000;
  *entry = 0x1000000;
  *size = 0x1450000;
  return NULL;
}

/* Where in a huge page of 2 MiB a mapping begins that is made as those of the guest's memory are. */
int32_t krun_map(uint64_t bytes) {
  char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return -errno;
  memory[0] = memory[bytes - 1] = 1;
  FILE *file = record();
  fprintf(file, "map %llu at %lx\n", (unsigned long long)bytes, (unsigned long)memory % (2 << 20));
  fclose(file);
  return 0;
}

static pthread_barrier_t named;

static void *wait_for_ever(void *name) {
  prctl(PR_SET_NAME, name);
  pthread_barrier_wait(&named);
  for (;;) pause();
}

/* As libkrun starts a virtual CPU: a thread that has its name by then. */
int32_t krun_start_thread(const char *name) {
  pthread_t thread;
  pthread_barrier_init(&named, NULL, 2);
  int error = pthread_create(&thread, NULL, wait_for_ever, (void *)name);
  if (error != 0) return -error;
  pthread_barrier_wait(&named);
  return 0;
}

static char ending[16];
static uint32_t ending_number;

static char gate_path[4096];

int32_t krun_set_gate(const char *path) {
  strncpy(gate_path, path, sizeof gate_path - 1);
  return 0;
}

static uint32_t flood;

/* How much is written when the gate has opened. */
int32_t krun_set_flood(uint32_t bytes) {
  flood = bytes;
  return 0;
}

int32_t krun_print(uint32_t bytes, int fd) {
  char line[101];
  memset(line, 'x', 100);
  line[100] = '\n';
  for (uint32_t n = 0; n < bytes; n += 100)
    if (write(fd, line, 101) < 0) return -errno;
  return 0;
}

/* "exit" and "kill" end the process, "gate" does when a byte comes through the gate, "wait" never, "fail" returns. */
int32_t krun_set_ending(const char *kind, uint32_t number) {
  strncpy(ending, kind, sizeof ending - 1);
  ending_number = number;
  return 0;
}

int32_t krun_start_enter(uint32_t ctx) {
  if (ctx != 7) return -ENOENT;
  if (write(1, "console says hello\n", 19) != 19) abort();
  if (!strcmp(ending, "exit")) _exit(ending_number);
  if (!strcmp(ending, "kill")) raise(ending_number);
  if (!strcmp(ending, "gate")) {
    int gate = open(gate_path, O_RDONLY);
    char byte;
    if (gate < 0 || read(gate, &byte, 1) != 1) abort();
    krun_print(flood, 1);
    _exit(ending_number);
  }
  if (!strcmp(ending, "wait"))
    for (;;) pause();
  return -EBUSY;
}
