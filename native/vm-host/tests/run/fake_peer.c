// Stands in for passt: answers for the gateway and sends every other frame back. What it was given is in the file of its first argument.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

extern char **environ;

static int whole(void *buffer, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t n = read(3, (char *)buffer + at, length - at);
    if (n <= 0) return 0;
    at += n;
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc > 2 && !strcmp(argv[2], "fail")) {
    fprintf(stderr, "no such port\n\x1b[1mgiving up\n");
    return 3;
  }
  FILE *file = fopen(argv[1], "w");
  int death = 0;
  prctl(PR_GET_PDEATHSIG, &death);
  fprintf(file, "%d death %d environment %s descriptors", getpid(), death, environ[0] ? environ[0] : "empty");
  for (int n = 0; n < 256; n++)
    if (fcntl(n, F_GETFD) >= 0 && n != fileno(file)) fprintf(file, " %d", n);
  fprintf(file, "\n");
  fclose(file);
  uint8_t frame[4 + 2000];
  while (whole(frame, 4)) {
    uint32_t length = (uint32_t)frame[0] << 24 | frame[1] << 16 | frame[2] << 8 | frame[3];
    if (length > 2000 || !whole(frame + 4, length)) return 4;
    uint8_t *packet = frame + 4;
    if (packet[12] == 8 && packet[13] == 6) {
      uint8_t asked[4];
      memcpy(asked, packet + 38, 4);
      memcpy(packet + 32, packet + 22, 10);
      memcpy(packet + 28, asked, 4);
      packet[21] = 2;
    }
    if (write(3, frame, 4 + length) < 0) return 5;
  }
  // "stay": not even its card's end makes it go.
  if (argc > 2 && !strcmp(argv[2], "stay"))
    for (;;) pause();
  return 0;
}
