/*
 * The first program of a guest, with all rights there: does everything that a guest does with files, so that the filter
 * of system calls meets all of it, and then what a guest should not get anywhere with. Says each attempt and what came
 * of it, one a line. Then it connects to the vsock port, answers one connection to its own port, if it has one, and
 * waits until the host hangs up.
 *
 *   intruder VSOCK_PORT PORT_OF_THE_HOST [OWN_PORT]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void say(const char *what, long result) {
  printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
  fflush(stdout);
}

#define TRY(what, call) (errno = 0, say(what, (long)(call)))

static void files(void) {
  char buffer[8192] = "some bytes";
  struct statfs space;
  struct stat found;
  int fd = open("/rw/file", O_CREAT | O_EXCL | O_RDWR, 0640);
  say("file create", fd);
  TRY("file write", write(fd, buffer, sizeof buffer));
  TRY("file pwritev", pwritev(fd, &(struct iovec){buffer, sizeof buffer}, 1, 1 << 20));
  TRY("file read", pread(fd, buffer, sizeof buffer, 0));
  TRY("file truncate", ftruncate(fd, 1 << 22));
  TRY("file hole", lseek(fd, 0, SEEK_HOLE));
  TRY("file allocate", fallocate(fd, 0, 0, 1 << 20));
  TRY("file punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
  TRY("file sync", fsync(fd));
  TRY("file datasync", fdatasync(fd));
  TRY("file lock", flock(fd, LOCK_EX | LOCK_NB));
  TRY("file setlk", fcntl(fd, F_SETLK, &(struct flock){.l_type = F_WRLCK}));
  TRY("file mode", fchmod(fd, 0600));
  TRY("file owner", fchown(fd, 0, 0));
  TRY("file times", futimens(fd, NULL));
  TRY("file set attribute", fsetxattr(fd, "user.a", "b", 1, 0));
  TRY("file get attribute", fgetxattr(fd, "user.a", buffer, sizeof buffer));
  TRY("file list attributes", flistxattr(fd, buffer, sizeof buffer));
  TRY("file remove attribute", fremovexattr(fd, "user.a"));
  int copy = open("/rw/copy", O_CREAT | O_RDWR | O_TRUNC, 0600);
  TRY("file copy range", copy_file_range(fd, &(off64_t){0}, copy, &(off64_t){0}, 4096, 0));
  char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  TRY("file map", map == MAP_FAILED ? -1 : 0);
  if (map != MAP_FAILED) {
    map[0] = 'x';
    TRY("file map sync", msync(map, 4096, MS_SYNC));
    munmap(map, 4096);
  }
  close(copy);
  close(fd);
  TRY("file rename", rename("/rw/copy", "/rw/moved"));
  TRY("file exchange", renameat2(AT_FDCWD, "/rw/moved", AT_FDCWD, "/rw/file", RENAME_EXCHANGE));
  TRY("file link", link("/rw/file", "/rw/linked"));
  TRY("file symlink", symlink("target", "/rw/symlink"));
  TRY("file readlink", readlink("/rw/symlink", buffer, sizeof buffer));
  TRY("file link times", utimensat(AT_FDCWD, "/rw/symlink", NULL, AT_SYMLINK_NOFOLLOW));
  TRY("file path mode", chmod("/rw/file", 0644));
  TRY("file path attribute", setxattr("/rw/file", "user.c", "d", 1, 0));
  TRY("file access", faccessat(AT_FDCWD, "/rw/file", R_OK, 0));
  TRY("file stat", lstat("/rw/symlink", &found));
  TRY("file space", statfs("/rw", &space));
  TRY("file fifo", mkfifo("/rw/fifo", 0600));
  TRY("file directory", mkdir("/rw/directory", 0700));
  TRY("file remove directory", rmdir("/rw/directory"));
  DIR *directory = opendir("/rw");
  TRY("file list", directory && readdir(directory) ? 0 : -1);
  closedir(directory);
  fd = open("/rw/deleted", O_CREAT | O_RDWR, 0600);
  TRY("file remove", unlink("/rw/deleted"));
  TRY("file write removed", write(fd, "x", 1));
  close(fd);
  TRY("file socket", mknod("/rw/socket", S_IFSOCK | 0600, 0));
  sync();
  TRY("user owner", chown("/rw/file", 1000, 1000));
  setfsgid(1000);
  setfsuid(1000);
  fd = open("/rw/of-a-user", O_CREAT | O_RDWR, 0600);
  say("user create", fd);
  setfsuid(0);
  setfsgid(0);
  close(fd);
}

static void protected(void) {
  int fd = open("/ro/existing", O_RDONLY);
  say("read-only read", fd);
  close(fd);
  TRY("read-only create", open("/ro/new", O_CREAT | O_WRONLY, 0600));
  TRY("read-only remount", mount(NULL, "/ro", NULL, MS_REMOUNT, NULL));
  TRY("read-only create after remount", open("/ro/new", O_CREAT | O_WRONLY, 0600));
  TRY("read-only write", open("/ro/existing", O_WRONLY));
  TRY("read-only truncate", truncate("/ro/existing", 0));
  TRY("read-only mode", chmod("/ro/existing", 0666));
  TRY("read-only remove", unlink("/ro/existing"));
  TRY("read-only rename", rename("/ro/existing", "/ro/other"));
  TRY("read-only attribute", setxattr("/ro/existing", "user.a", "b", 1, 0));
  TRY("read-only directory", mkdir("/ro/directory", 0700));
  TRY("read-only within", open("/rw/within/new", O_CREAT | O_WRONLY, 0600));
  fd = open("/dev/vda", O_RDWR);
  TRY("disk write", write(fd, "x", 1) < 0 ? -1 : fsync(fd));
  close(fd);
}

/* Names that lead out of a share, for whoever resolves them on the host. */
static void names(void) {
  static const char *const paths[] = {"/rw/absolute", "/rw/relative", "/rw/../secret", "/ro/absolute",
                                      "/all/rw/absolute", "/all/../../secret", "/rw/fd/secret"};
  char text[64];
  for (size_t n = 0; n < sizeof paths / sizeof *paths; n++) {
    snprintf(text, sizeof text, "host %s", paths[n]);
    TRY(text, open(paths[n], O_RDONLY));
  }
  TRY("host device node", mknod("/rw/device", S_IFCHR | 0600, 1 << 8 | 3));
}

/* The kernel tells a port that nobody answers for by its silence only. */
static int vsock(int port, int patience_ms) {
  struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = port};
  int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct timeval patience = {.tv_sec = patience_ms / 1000, .tv_usec = patience_ms % 1000 * 1000};
  setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &patience, sizeof patience);
  return connect(fd, (void *)&address, sizeof address) < 0 ? -1 : fd;
}

static int inet(const char *host, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &address.sin_addr);
  return connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&address, sizeof address);
}

static void answer_one(int listener) {
  int guest = accept(listener, NULL, NULL);
  if (write(guest, "hello", 5) != 5) say("network answer", -1);
  close(guest);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int port = atoi(argv[1]), service = atoi(argv[2]);
  static const char *const tags[] = {"rw", "ro", "all"};
  for (int n = 0; n < 3; n++) {
    char target[8];
    snprintf(target, sizeof target, "/%s", tags[n]);
    if (mount(tags[n], target, "virtiofs", 0, NULL) < 0) say(target, -1);
  }
  files();
  protected();
  names();
  TRY("network loopback", inet("127.0.0.1", service));
  TRY("network address", inet("192.0.2.2", service));
  static const int others[] = {1, 620, 1024, 4088};
  for (int n = 0; n < 4; n++) {
    char text[32];
    snprintf(text, sizeof text, "vsock %d", others[n]);
    TRY(text, vsock(others[n], 500));
  }
  int listener = -1;
  if (argc > 3) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3]))};
    listener = socket(AF_INET, SOCK_STREAM, 0);
    TRY("network bind", bind(listener, (void *)&address, sizeof address));
    TRY("network listen", listen(listener, 1));
  }
  int host = vsock(port, 60000);
  say("vsock granted", host);
  if (listener >= 0) answer_one(listener);
  char byte;
  while (read(host, &byte, 1) > 0) continue;
  return 0;
}
