/*
 * A libkrun without a hypervisor: says each call on stdout, which vm-host pumps into the console's log, and behaves as
 * the path of the guest's program tells it.
 *
 *   /exit/N   the guest ends with N            /refuse   krun_start_enter answers -EINVAL
 *   /write    tries to write into the root     /crash    a fault of the VM process
 *   /run      runs until it is killed          /noise    writes 1 MiB
 *   /break/X  does what no VM does: fork, exec, mount, inet (a socket), code (memory to execute), signal (another process)
 *   /panic    ends as a guest whose kernel panicked
 *   /vcpu     ends as libkrun does when KVM cannot run the guest any further
 *   /stall    the start hangs before it is done       /eat     takes 512 MiB of memory
 *   /relay    writes what the host says on the vsock port to the port a3s.stdout, and ends when the host hangs up
 *
 * A vsock port that the guest connects to is connected as soon as it is added, so a listener sees how long the VM
 * process lives; one that the host connects to becomes a listening socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static char root[4096];
static char program[4096];
static int peer = -1;
static int stdout_port = 1;

#ifdef QUIET
#define SAY(...) ((void)0)
#else
#define SAY(...) (printf(__VA_ARGS__), putchar('\n'), fflush(stdout))
#endif

static int unix_socket(const char *path, bool server) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int result = server ? bind(fd, (void *)&address, sizeof address) : connect(fd, (void *)&address, sizeof address);
  if (result == 0 && server) result = listen(fd, 1);
  if (result == 0 && !server) peer = fd;
  return result == 0 ? 0 : -errno;
}

int32_t krun_init_log(int target, uint32_t level, uint32_t style, uint32_t options) {
  SAY("init_log %d %u %u %u", fcntl(target, F_GETFD) >= 0, level, style, options);
  return 0;
}

int32_t krun_create_ctx(void) {
  SAY("create_ctx");
  return 7;
}

int32_t krun_set_vm_config(uint32_t context, uint8_t vcpus, uint32_t memory_mib) {
  SAY("set_vm_config %u %u %u", context, vcpus, memory_mib);
  return 0;
}

int32_t krun_disable_implicit_console(uint32_t context) {
  SAY("disable_implicit_console %u", context);
  return 0;
}

int32_t krun_add_virtio_console_default(uint32_t context, int input, int output, int error) {
  SAY("add_virtio_console_default %u %d", context, input != output && output == error);
  return 0;
}

int32_t krun_add_virtio_console_multiport(uint32_t context) {
  SAY("add_virtio_console_multiport %u", context);
  return 2;
}

int32_t krun_add_console_port_inout(uint32_t context, uint32_t console, const char *name, int input, int output) {
  SAY("add_console_port_inout %u %u %s %d", context, console, name, input);
  if (strcmp(name, "a3s.stdout") == 0) stdout_port = output;
  return dprintf(output, "port %s\n", name) < 0 ? -errno : 0;
}

int32_t krun_set_root(uint32_t context, const char *path) {
  struct stat found;
  SAY("set_root %u", context);
  if (stat(path, &found) != 0) return -errno;
  if (!S_ISDIR(found.st_mode)) return -ENOTDIR;
  strncpy(root, path, sizeof root - 1);
  return 0;
}

int32_t krun_add_virtiofs(uint32_t context, const char *tag, const char *path) {
  SAY("add_virtiofs %u %s %s", context, tag, strrchr(path, '/'));
  return 0;
}

int32_t krun_add_disk3(uint32_t context, const char *id, const char *path, uint32_t format, bool read_only, bool direct,
                       uint32_t sync) {
  int fd = open(path, read_only ? O_RDONLY : O_RDWR);
  SAY("add_disk3 %u %s %u %d %d %u %d", context, id, format, read_only, direct, sync, fd >= 0);
  return fd < 0 ? -errno : close(fd);
}

#ifndef WITHOUT_NET
int32_t krun_add_net_unixstream(uint32_t context, const char *path, int fd, const uint8_t *mac, uint32_t features,
                                uint32_t flags) {
  SAY("add_net_unixstream %u %d %02x:%02x:%02x:%02x:%02x:%02x %u %u", context, fd, mac[0], mac[1], mac[2], mac[3],
      mac[4], mac[5], features, flags);
  return path == NULL ? 0 : unix_socket(path, false);
}
#endif

#ifdef WITH_1_18
int32_t krun_add_virtiofs3(uint32_t context, const char *tag, const char *path, uint64_t window, bool read_only) {
  SAY("add_virtiofs3 %u %s %s %d %d", context, tag, strrchr(path, '/'), window == 0, read_only);
  return 0;
}
#endif

int32_t krun_set_rlimits(uint32_t context, const char *const limits[]) {
  SAY("set_rlimits %u %s", context, limits[0]);
  return 0;
}

int32_t krun_set_nested_virt(uint32_t context, bool enabled) {
  SAY("set_nested_virt %u %d", context, enabled);
  return enabled ? -EINVAL : 0;
}

int32_t krun_disable_implicit_vsock(uint32_t context) {
  SAY("disable_implicit_vsock %u", context);
  return 0;
}

#ifndef WITHOUT_ADD_VSOCK
int32_t krun_add_vsock(uint32_t context, uint32_t features) {
  SAY("add_vsock %u %u", context, features);
  return 0;
}
#endif

int32_t krun_set_port_map(uint32_t context, const char *const ports[]) {
  SAY("set_port_map %u %s", context, ports[0] == NULL ? "none" : ports[0]);
  return 0;
}

int32_t krun_add_vsock_port2(uint32_t context, uint32_t port, const char *path, bool server) {
  SAY("add_vsock_port2 %u %u %d", context, port, server);
  return unix_socket(path, server);
}

int32_t krun_set_exec(uint32_t context, const char *path, const char *const args[], const char *const env[]) {
  SAY("set_exec %u %s", context, path);
  for (int i = 0; args[i] != NULL; i++) SAY("argument %s", args[i]);
  for (int i = 0; env[i] != NULL; i++) SAY("variable %s", env[i]);
  strncpy(program, path, sizeof program - 1);
  if (strcmp(program, "/stall") == 0) pause();
  return 0;
}

static void break_out(const char *how) {
  if (strcmp(how, "fork") == 0) syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (strcmp(how, "exec") == 0) execl("/proc/self/exe", "exe", NULL);
  if (strcmp(how, "mount") == 0) mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL);
  if (strcmp(how, "inet") == 0) socket(AF_INET, SOCK_STREAM, 0);
  if (strcmp(how, "code") == 0) mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (strcmp(how, "signal") == 0) kill(getppid(), 0);
  _exit(0);
}

int32_t krun_start_enter(uint32_t context) {
  SAY("start_enter %u", context);
  if (sscanf(program, "/exit/%d", &(int){0}) == 1) _exit(atoi(program + strlen("/exit/")));
  if (strcmp(program, "/refuse") == 0) return -EINVAL;
  if (strcmp(program, "/crash") == 0) abort();
  if (strncmp(program, "/break/", strlen("/break/")) == 0) break_out(program + strlen("/break/"));
  if (strcmp(program, "/panic") == 0) {
    SAY("[    0.914125] Kernel panic - not syncing: Fatal exception");
    SAY("[    0.914501] CPU: 0 PID: 1 Comm: init");
    _exit(0);
  }
  if (strcmp(program, "/vcpu") == 0) {
    SAY("[2026-01-01T00:00:00Z ERROR vmm::linux::vstate] Received KVM_EXIT_INTERNAL_ERROR signal");
    _exit(1);
  }
  if (strcmp(program, "/write") == 0) {
    strcat(root, "/new");
    int fd = open(root, O_CREAT | O_WRONLY, 0600);
    SAY("%s", fd < 0 ? strerror(errno) : "written");
    _exit(0);
  }
  if (strcmp(program, "/eat") == 0) {
    size_t bytes = (size_t)512 << 20;
    volatile char *memory = malloc(bytes);
    for (size_t at = 0; at < bytes; at += 4096) memory[at] = 1;
    _exit(0);
  }
  if (strcmp(program, "/noise") == 0) {
    for (int i = 0; i < 1 << 14; i++) SAY("%063d", i);
    _exit(0);
  }
  if (strcmp(program, "/relay") == 0) {
    char bytes[65536];
    for (ssize_t n; (n = read(peer, bytes, sizeof bytes)) > 0;)
      for (ssize_t done = 0; done < n;) {
        ssize_t written = write(stdout_port, bytes + done, n - done);
        if (written < 0) abort();
        done += written;
      }
    _exit(0);
  }
  for (;;) pause();
}
