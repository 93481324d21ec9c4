import { expect, test } from "vitest";
import { type BoxConfigInput, parseBoxConfig } from "./box-config.ts";

test("an image alone is a configuration, with every default filled in", () => {
  expect(parseBoxConfig({ image: "alpine:3.22" })).toMatchInlineSnapshot(`
    {
      "bootTimeoutMs": 30000,
      "capabilities": {
        "add": [],
        "drop": [],
      },
      "dns": {
        "options": [],
        "search": [],
        "servers": [],
      },
      "env": {},
      "extraHosts": [],
      "image": "alpine:3.22",
      "labels": {},
      "limits": {},
      "logs": {
        "files": 5,
        "maxBytes": 10485760,
      },
      "memoryMib": 1024,
      "network": "none",
      "newPrivileges": false,
      "ports": [],
      "pullPolicy": "missing",
      "readOnly": false,
      "restart": "no",
      "seccomp": "default",
      "stopGraceMs": 10000,
      "sysctls": {},
      "tmpfs": [],
      "ulimits": {},
      "vcpus": 2,
      "volumes": [],
    }
  `);
});

const whole: BoxConfigInput = {
  image: "alpine:3.22",
  platform: "linux/arm64/v8",
  pullPolicy: "always",
  entrypoint: [],
  command: ["serve", "--port", "80"],
  env: { GREETING: "hello=there", EMPTY: "" },
  user: "app:1000",
  workdir: "/srv",
  stopSignal: "sigrtmin+3",
  ulimits: { nofile: 1024, nproc: { soft: 10, hard: -1 }, core: Number.POSITIVE_INFINITY },
  capabilities: { add: ["cap_net_admin"], drop: ["ALL"] },
  newPrivileges: true,
  seccomp: "unconfined",
  vcpus: 4,
  memoryMib: 512,
  diskMib: 64,
  limits: { memoryMib: 576, cpus: 1.5, threads: 36 },
  volumes: [{ source: "data", target: "/data" }],
  tmpfs: [{ target: "/tmp", sizeMib: 16, mode: 0o1777 }],
  hostname: "web",
  network: "tsi",
  ports: ["8080:80", "0.0.0.0:53:53/udp", "[::1]:8081:81/TCP", { hostPort: 8082, guestPort: 82 }],
  dns: { servers: ["9.9.9.9", "2620:fe::fe"], search: ["corp.example"], options: ["ndots:2", "rotate"] },
  extraHosts: ["db:10.0.0.2", "six=[fd00::1]", "seven:fd00::2", { name: "a.b", address: "10.0.0.3" }],
  labels: { "org.example/team": "search" },
  logs: { maxBytes: 131_072, files: 2 },
  healthCheck: { test: ["true"], intervalMs: 1000 },
  restart: "on-failure:5",
  lifetimeMs: 3_600_000,
  bootTimeoutMs: 1000,
  stopGraceMs: 0,
};

test("short forms are written out", () => {
  expect(parseBoxConfig(whole)).toMatchInlineSnapshot(`
    {
      "bootTimeoutMs": 1000,
      "capabilities": {
        "add": [
          "NET_ADMIN",
        ],
        "drop": [
          "ALL",
        ],
      },
      "command": [
        "serve",
        "--port",
        "80",
      ],
      "diskMib": 64,
      "dns": {
        "options": [
          "ndots:2",
          "rotate",
        ],
        "search": [
          "corp.example",
        ],
        "servers": [
          "9.9.9.9",
          "2620:fe::fe",
        ],
      },
      "entrypoint": [],
      "env": {
        "EMPTY": "",
        "GREETING": "hello=there",
      },
      "extraHosts": [
        {
          "address": "10.0.0.2",
          "name": "db",
        },
        {
          "address": "fd00::1",
          "name": "six",
        },
        {
          "address": "fd00::2",
          "name": "seven",
        },
        {
          "address": "10.0.0.3",
          "name": "a.b",
        },
      ],
      "healthCheck": {
        "intervalMs": 1000,
        "test": [
          "true",
        ],
      },
      "hostname": "web",
      "image": "alpine:3.22",
      "labels": {
        "org.example/team": "search",
      },
      "lifetimeMs": 3600000,
      "limits": {
        "cpus": 1.5,
        "memoryMib": 576,
        "threads": 36,
      },
      "logs": {
        "files": 2,
        "maxBytes": 131072,
      },
      "memoryMib": 512,
      "network": "tsi",
      "newPrivileges": true,
      "platform": "linux/arm64/v8",
      "ports": [
        {
          "guestPort": 80,
          "hostAddress": "127.0.0.1",
          "hostPort": 8080,
          "protocol": "tcp",
        },
        {
          "guestPort": 53,
          "hostAddress": "0.0.0.0",
          "hostPort": 53,
          "protocol": "udp",
        },
        {
          "guestPort": 81,
          "hostAddress": "::1",
          "hostPort": 8081,
          "protocol": "tcp",
        },
        {
          "guestPort": 82,
          "hostAddress": "127.0.0.1",
          "hostPort": 8082,
          "protocol": "tcp",
        },
      ],
      "pullPolicy": "always",
      "readOnly": false,
      "restart": "on-failure:5",
      "seccomp": "unconfined",
      "stopGraceMs": 0,
      "stopSignal": "sigrtmin+3",
      "sysctls": {},
      "tmpfs": [
        {
          "mode": 1023,
          "sizeMib": 16,
          "target": "/tmp",
        },
      ],
      "ulimits": {
        "core": {
          "hard": -1,
          "soft": -1,
        },
        "nofile": {
          "hard": 1024,
          "soft": 1024,
        },
        "nproc": {
          "hard": -1,
          "soft": 10,
        },
      },
      "user": "app:1000",
      "vcpus": 4,
      "volumes": [
        {
          "readOnly": false,
          "source": "data",
          "target": "/data",
        },
      ],
      "workdir": "/srv",
    }
  `);
});

test("what came out goes through JSON and in again, unchanged", () => {
  for (const input of [{ image: "a" }, whole]) {
    const config = parseBoxConfig(input);
    expect(parseBoxConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  }
});

const a = { image: "a" };
const tsi = { ...a, network: "tsi" };

test.each<[what: string, input: unknown, field: string]>([
  ["no image", {}, "image: is missing"],
  ["an empty image", { image: "" }, "image"],
  ["no object", 7, "(itself): must be an object"],
  ["null", null, "(itself): must be an object"],
  ["an unknown field", { ...a, memory: 512 }, "memory: is unknown; did you mean memoryMib?"],
  ["a field of the prototype", { ...a, constructor: 1 }, "constructor: is unknown"],
  ["an unknown field like none", { ...a, privileged: true }, "privileged: is unknown"],
  ["an unknown field within one", { ...a, limits: { cpu: 1 } }, "limits.cpu: is unknown; did you mean cpus?"],
  ["another system's platform", { ...a, platform: "windows/amd64" }, "platform"],
  ["a platform that is none", { ...a, platform: "amd64" }, "platform"],
  ["an unknown pull policy", { ...a, pullPolicy: "daily" }, "pullPolicy"],
  ["an entrypoint of nothing", { ...a, entrypoint: [""] }, "entrypoint"],
  ["a command as a line", { ...a, command: "sh -c ls" }, "command"],
  ["a NUL byte in a word", { ...a, command: ["a\0"] }, "command.0: must not contain a NUL byte"],
  ["half a character in a word", { ...a, command: ["\ud800"] }, "command.0"],
  ["a word that no process gets", { ...a, command: ["x".repeat(131_072)] }, "command.0"],
  ["too many words", { ...a, command: Array(4097).fill("x") }, "command"],
  ["a variable without a name", { ...a, env: { "": "x" } }, "env"],
  ["a variable with = in its name", { ...a, env: { "A=B": "x" } }, "env.A=B"],
  ["a variable that would be lost", { ...a, env: { constructor: "x" } }, "env: must not name"],
  ["a variable that is a number", { ...a, env: { PORT: 80 } }, "env.PORT"],
  ["variables as a list", { ...a, env: ["A=B"] }, "env: must be an object"],
  ["a user without a name", { ...a, user: ":0" }, "user"],
  ["a relative working directory", { ...a, workdir: "srv" }, "workdir"],
  ["a signal that is none", { ...a, stopSignal: "SIGNONE" }, "stopSignal"],
  ["a signal out of range", { ...a, stopSignal: 65 }, "stopSignal"],
  ["a resource that is none", { ...a, ulimits: { nofiles: 1 } }, "is no resource; did you mean nofile?"],
  ["a limit below none", { ...a, ulimits: { nofile: -2 } }, "ulimits.nofile"],
  ["a fraction of a limit", { ...a, ulimits: { nofile: 1.5 } }, "ulimits.nofile"],
  ["a soft limit above the hard one", { ...a, ulimits: { nofile: { soft: 2, hard: 1 } } }, "ulimits.nofile"],
  ["no soft limit and a hard one", { ...a, ulimits: { nofile: { soft: -1, hard: 1 } } }, "ulimits.nofile"],
  ["a capability that is none", { ...a, capabilities: { add: ["NET_ADMN"] } }, "did you mean NET_ADMIN?"],
  ["too many vCPUs", { ...a, vcpus: 17 }, "vcpus"],
  ["a fraction of a vCPU", { ...a, vcpus: 1.5 }, "vcpus"],
  ["too little memory", { ...a, memoryMib: 64 }, "memoryMib"],
  ["memory that is no number", { ...a, memoryMib: Number.NaN }, "memoryMib"],
  ["a disk without room for a file system", { ...a, diskMib: 15 }, "diskMib"],
  ["a disk for a root that nobody writes to", { ...a, diskMib: 64, readOnly: true }, "diskMib"],
  [
    "a memory limit that the guest alone fills",
    { ...a, limits: { memoryMib: 1087 } },
    "limits.memoryMib: must be at least 64",
  ],
  ["a limit of threads below what a VM has", { ...a, limits: { threads: 33 } }, "limits.threads: must be at least 32"],
  ["no CPU time", { ...a, limits: { cpus: 0 } }, "limits.cpus"],
  ["a relative volume", { ...a, volumes: [{ source: "./x", target: "/x" }] }, "volumes.0.source"],
  ["a volume without a target", { ...a, volumes: [{ source: "x" }] }, "volumes.0.target: is missing"],
  ["a relative tmpfs", { ...a, tmpfs: [{ target: "x" }] }, "tmpfs.0.target"],
  ["a host name with a dot", { ...a, hostname: "a.b" }, "hostname"],
  ["an unknown network", { ...a, network: "host" }, "network"],
  ["a port without a network", { ...a, ports: ["80:80"] }, "ports: needs a network"],
  ["a port of a network of boxes", { ...a, network: "apps", ports: ["80:80"] }, "ports: needs a network"],
  ["one port alone", { ...tsi, ports: ["80"] }, "ports.0"],
  ["a range of ports", { ...tsi, ports: ["80-81:80-81"] }, "ports.0"],
  ["port 0", { ...tsi, ports: ["0:80"] }, "ports.0.hostPort"],
  ["a port out of range", { ...tsi, ports: ["80:65536"] }, "ports.0.guestPort"],
  ["a port of another protocol", { ...tsi, ports: ["80:80/sctp"] }, "ports.0"],
  ["a port on no address", { ...tsi, ports: ["1.2.3:80:80"] }, "ports.0.hostAddress"],
  [
    "a port of the host twice",
    { ...tsi, ports: ["80:80", "0.0.0.0:80:81"] },
    "ports: port 80/tcp of the host is published twice",
  ],
  ["too many ports", { ...tsi, ports: Array.from({ length: 65 }, (_, port) => `${port + 1}:80`) }, "ports"],
  ["a name server without an address", { ...a, dns: { servers: ["dns.example"] } }, "dns.servers.0"],
  [
    "more name servers than are asked",
    { ...a, dns: { servers: ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"] } },
    "dns.servers",
  ],
  ["a search domain with a blank", { ...a, dns: { search: ["a b"] } }, "dns.search.0"],
  ["a resolver option on two lines", { ...a, dns: { options: ["rotate\nnameserver 6.6.6.6"] } }, "dns.options.0"],
  ["a host without an address", { ...a, extraHosts: ["db"] }, "extraHosts.0"],
  ["a host on two lines", { ...a, extraHosts: ["db:10.0.0.2\n10.0.0.3 bank"] }, "extraHosts.0.address"],
  ["a host whose name is none", { ...a, extraHosts: ["d b:10.0.0.2"] }, "extraHosts.0.name"],
  ["a label without a name", { ...a, labels: { "": "x" } }, "labels"],
  ["a log without room for a record", { ...a, logs: { maxBytes: 131_071 } }, "logs.maxBytes"],
  ["a log of one file", { ...a, logs: { files: 1 } }, "logs.files"],
  ["a health check as a line", { ...a, healthCheck: { test: "curl" } }, "healthCheck.test"],
  ["a health check without a command", { ...a, healthCheck: { test: [] } }, "healthCheck.test"],
  ["a health check without a pause", { ...a, healthCheck: { test: "grpc", intervalMs: 0 } }, "healthCheck.intervalMs"],
  ["an unknown restart policy", { ...a, restart: "sometimes" }, "restart"],
  ["a restart policy without restarts", { ...a, restart: "on-failure:0" }, "restart"],
  ["a life without end", { ...a, lifetimeMs: Number.POSITIVE_INFINITY }, "lifetimeMs"],
])("%s is refused and named", (_, input, fault) => {
  expect(() => parseBoxConfig(input)).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(fault) }),
  );
});

test("all that is wrong is named at once", () => {
  expect(() => parseBoxConfig({ image: "", vcpus: 0, network: "-x" })).toThrow(/image: .*; vcpus: .*; network: /);
});
