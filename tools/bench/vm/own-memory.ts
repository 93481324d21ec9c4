/** Resident memory of a VM process, in KiB. */
export interface Memory {
  /** What is not the guest's, shared libraries in full: what one VM costs beside the memory that it was given. */
  readonly ownKib: number;
  /** The same, with each shared page divided by the number of its users: what one VM of many costs. */
  readonly ownPssKib: number;
  readonly guestKib: number;
}

interface Mapping {
  readonly sizeKib: number;
  readonly path: string;
  readonly rssKib: number;
  readonly pssKib: number;
  /** madvise(2), MADV_HUGEPAGE. */
  readonly huge: boolean;
}

/**
 * Tells a VM process's own memory from its guest's, by /proc/PID/smaps. The guest's are its RAM (and the address space of virtio-fs
 * windows), for which vm-host asks for huge pages, and the writable mapping of libkrunfw.so, which holds the guest's kernel: libkrun gives it
 * to the guest as RAM in its place, and the pages in it are what the guest wrote and read. Where nobody asks for huge pages, the
 * RAM is in the largest mapping without a file.
 */
export function ownMemory(smaps: string, guestMib: number): Memory {
  const all = parse(smaps);
  const nameless = all.filter(({ path }) => path === "").sort((a, b) => b.sizeKib - a.sizeKib);
  const asked = nameless.filter(({ huge }) => huge);
  const ram = asked.length > 0 ? asked : nameless.slice(0, 1);
  const kernel = all.find(({ path, sizeKib }) => /\/libkrunfw\.so[.\d]*$/.test(path) && sizeKib > 8 * 1024);
  const sum = (mappings: readonly Mapping[], kind: "sizeKib" | "rssKib" | "pssKib") =>
    mappings.reduce((total, mapping) => total + mapping[kind], 0);
  if (kernel === undefined || sum([...ram, kernel], "sizeKib") < guestMib * 1024) {
    throw new Error(`no mapping of this process can be a guest's ${guestMib} MiB`);
  }
  const guest = [...ram, kernel];
  const own = all.filter((mapping) => !guest.includes(mapping));
  return { ownKib: sum(own, "rssKib"), ownPssKib: sum(own, "pssKib"), guestKib: sum(guest, "rssKib") };
}

/** proc_pid_smaps(5): a line with the range, rights and file of a mapping, then its figures. */
function parse(smaps: string): Mapping[] {
  const figure = (block: string, name: string) => Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(block)?.[1]);
  return smaps
    .split(/^(?=[\da-f]+-[\da-f]+ )/m)
    .filter((block) => block !== "")
    .map((block) => ({
      sizeKib: figure(block, "Size"),
      path: /^\S+ \S+ \S+ \S+ \d+ *(.*)$/m.exec(block)?.[1] ?? "",
      rssKib: figure(block, "Rss"),
      pssKib: figure(block, "Pss"),
      huge: /^VmFlags:.* hg\b/m.test(block),
    }));
}
