/*
 * The yardstick of bench:exec: in a guest, what a vsock connection to the host carries without an agent.
 * usage: peer PORT echo | send BYTES | receive BYTES
 * It keeps the two rules that native/guest-agent/src/transport/vsock.rs keeps: buffers of 8 MiB, writes of at most 28 KiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/vm_sockets.h>

#define BUFFER_BYTES (8ull << 20)
#define WRITE_BYTES (28 * 1024)
#define READ_BYTES (64 * 1024)

static char bytes[READ_BYTES];

static void check(const char *what, long result) {
  if (result < 0) {
    perror(what);
    exit(70);
  }
}

static int dial(unsigned int port) {
  unsigned long long size = BUFFER_BYTES;
  struct sockaddr_vm host = {.svm_family = AF_VSOCK, .svm_port = port, .svm_cid = VMADDR_CID_HOST};
  int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
  check("socket", fd);
  check("maximum", setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_MAX_SIZE, &size, sizeof size));
  check("size", setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &size, sizeof size));
  check("connect", connect(fd, (struct sockaddr *)&host, sizeof host));
  return fd;
}

/* Until the host closes. */
static void echo(int fd) {
  for (;;) {
    ssize_t n = read(fd, bytes, 1);
    check("read", n);
    if (n == 0) return;
    check("write", write(fd, bytes, 1));
  }
}

static void send_all(int fd, unsigned long long left) {
  while (left > 0) {
    ssize_t n = write(fd, bytes, left < WRITE_BYTES ? left : WRITE_BYTES);
    check("write", n);
    left -= n;
  }
  /* The host has all of it when it closes. */
  check("read", read(fd, bytes, 1));
}

static void receive_all(int fd, unsigned long long left) {
  while (left > 0) {
    ssize_t n = read(fd, bytes, READ_BYTES);
    check("read", n);
    if (n == 0) exit(70);
    left -= n;
  }
  check("write", write(fd, bytes, 1));
  check("read", read(fd, bytes, 1));
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: peer PORT echo | send BYTES | receive BYTES\n");
    return 64;
  }
  int fd = dial(strtoul(argv[1], NULL, 10));
  unsigned long long length = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
  if (strcmp(argv[2], "echo") == 0) echo(fd);
  if (strcmp(argv[2], "send") == 0) send_all(fd, length);
  if (strcmp(argv[2], "receive") == 0) receive_all(fd, length);
  return 0;
}
