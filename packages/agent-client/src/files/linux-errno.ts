/**
 * Names of the guest's error numbers (asm-generic/errno.h), which are those of Linux whatever the host is; what file
 * systems answer with, and no more.
 */
const NAMES: ReadonlyMap<number, string> = new Map([
  [1, "EPERM"],
  [2, "ENOENT"],
  [4, "EINTR"],
  [5, "EIO"],
  [6, "ENXIO"],
  [9, "EBADF"],
  [11, "EAGAIN"],
  [12, "ENOMEM"],
  [13, "EACCES"],
  [16, "EBUSY"],
  [17, "EEXIST"],
  [18, "EXDEV"],
  [19, "ENODEV"],
  [20, "ENOTDIR"],
  [21, "EISDIR"],
  [22, "EINVAL"],
  [23, "ENFILE"],
  [24, "EMFILE"],
  [26, "ETXTBSY"],
  [27, "EFBIG"],
  [28, "ENOSPC"],
  [29, "ESPIPE"],
  [30, "EROFS"],
  [31, "EMLINK"],
  [36, "ENAMETOOLONG"],
  [38, "ENOSYS"],
  [39, "ENOTEMPTY"],
  [40, "ELOOP"],
  [61, "ENODATA"],
  [71, "EPROTO"],
  [75, "EOVERFLOW"],
  [95, "EOPNOTSUPP"],
  [110, "ETIMEDOUT"],
  [116, "ESTALE"],
  [122, "EDQUOT"],
]);

/** Such as "ENOENT"; "E" and the number where there is no name here; undefined for 0. */
export function linuxErrno(errno: number): string | undefined {
  return errno === 0 ? undefined : (NAMES.get(errno) ?? `E${errno}`);
}
