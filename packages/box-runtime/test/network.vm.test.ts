import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { waitForExit } from "@a3s/testing";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { sitAt } from "../../agent-client/test/person.ts";
import { createRuntime, type VmManager } from "../src/index.ts";
import { exampleBox, exampleConfig } from "./example-box.ts";
import { text } from "./example-image.ts";

/** An address of this machine that is not its loopback: in the emulated host that of dummy0. */
const address = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address as string;

const BULK = 4 * 1024 * 1024;

/** Listens on one address of this machine, and counts who comes. */
async function serve(host: string, port: number, answer: (socket: Socket) => void) {
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections++;
    socket.on("error", () => {});
    answer(socket);
  });
  server.listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

async function freePort(): Promise<number> {
  await using server = await serve("127.0.0.1", 0, () => {});
  return server.port;
}

/** Processes of passt on this machine. */
async function passts(): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")));
  return pids.filter((_, index) => names[index]?.startsWith("passt"));
}

let before: readonly string[];
let home: string;
let published: number;
let vm: VmManager;
beforeAll(async () => {
  before = await passts();
  home = await mkdtemp(join(tmpdir(), "a3s-home-"));
  published = await freePort();
  vm = exampleBox(home, { network: "passt", ports: [`${published}:8080`] });
  await vm.boot();
});
afterAll(async () => {
  await vm?.destroy();
  expect(await passts()).toEqual(before);
  await rm(home, { recursive: true, force: true });
});
afterEach(() => vi.unstubAllEnvs());

const output = async (command: string, options: Parameters<VmManager["exec"]>[1] = {}) =>
  text((await vm.exec(command, options).orThrow()).stdout);

test("the guest has its address, a way out and a name server", async () => {
  expect(await output("ip -o -4 addr show eth0; ip route; cat /etc/resolv.conf")).toMatch(
    /inet 10\.0\.2\.2\/30 .*default via 10\.0\.2\.1 dev eth0.*\nnameserver 10\.0\.2\.1\n$/s,
  );
});

test("the guest reaches what the host does, and every byte arrives, both ways", async () => {
  const bytes = Buffer.alloc(BULK, "0123456789abcdef");
  await using down = await serve(address, 0, (socket) => socket.end(bytes));
  // nc's input stays open: passt of 2023 carries nothing more to a guest that has ended its own side.
  const fetched = `mkfifo /tmp/open; sleep 1000 >/tmp/open & nc ${address} ${down.port} </tmp/open | md5sum; kill $!`;
  expect((await output(fetched)).split(" ")[0]).toBe(createHash("md5").update(bytes).digest("hex"));

  const got = Promise.withResolvers<Buffer>();
  await using up = await serve(address, 0, (socket) => got.resolve(buffer(socket.on("end", () => socket.end()))));
  await output(`yes 0123456789abcdef | tr -d '\\n' | head -c ${BULK} | nc ${address} ${up.port}`);
  expect((await got.promise).equals(bytes)).toBe(true);
});

test("what went through the card is counted", async () => {
  const { network } = await vm.system.stats();
  expect(network.receivedBytes).toBeGreaterThan(0);
  expect(network.sentBytes).toBeGreaterThan(0);
});

test("the guest reaches nothing of the host's loopback, not even with packets of its own making", async () => {
  await using inside = await serve("127.0.0.1", 0, (socket) => socket.end("secret"));
  const root = { user: "root", capabilities: { add: ["ALL"] } } as const;
  const attempt = (host: string) => `nc -w 3 ${host} ${inside.port} </dev/null; echo $?`;
  expect(await output(attempt("127.0.0.1"))).toBe("1\n");
  expect(await output(attempt("10.0.2.1"))).toBe("1\n");
  // Its own loopback aside, 127.0.0.1 is an address like any other to the guest's kernel.
  const sent = "grep eth0 /proc/net/dev | tr -s ' ' | cut -d ' ' -f 12";
  await output("ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1 via 10.0.2.1", root);
  const packets = async () => Number(await output(sent));
  const packetsBefore = await packets();
  expect(await output(attempt("127.0.0.1"), root)).toBe("1\n");
  expect(await packets()).toBeGreaterThan(packetsBefore);
  await output("ip route del 127.0.0.1; ip addr add 127.0.0.1/8 dev lo", root);
  expect(inside.connections()).toBe(0);
});

test("a published port leads from this machine alone to a program of the guest", async () => {
  // httpd leaves its foreground when it listens.
  await using server = vm.exec("echo answer >/tmp/page; httpd -p 8080 -h /tmp && echo listening && sleep 1000");
  await sitAt(server).until("listening\n");
  expect(await (await fetch(`http://127.0.0.1:${published}/page`)).text()).toBe("answer\n");
  await expect(fetch(`http://${address}:${published}/page`)).rejects.toThrow();
});

// Elsewhere the machine's name server is real, and what it says no test's affair.
test.runIf(process.env["A3S_KVM_HOST"] === "1")("names are asked of the host's name server", async () => {
  const [, nameServer] = /^nameserver ([0-9.]+)$/m.exec(await readFile("/etc/resolv.conf", "utf8")) ?? [];
  await promisify(execFile)("ip", ["addr", "add", `${nameServer}/32`, "dev", "lo"]);
  await using socket = Object.assign(createSocket("udp4"), {
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, "close");
    },
  });
  socket.on("message", (query, from) => {
    // RFC 1035: the same question, and to one for an address (type 1) the answer 192.0.2.77.
    const name = query.indexOf(0, 12) + 1;
    const isAddress = query.readUInt16BE(name) === 1;
    const question = query.subarray(12, name + 4);
    const head = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0]);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 77]);
    socket.send(Buffer.concat(isAddress ? [head, question, record] : [head, question]), from.port, from.address);
  });
  socket.bind(53, nameServer);
  await once(socket, "listening");
  expect(await output("nslookup box.example")).toContain("192.0.2.77");
});

test("a port that somebody has, and a passt that is not there, are said before anything starts", async () => {
  await using taken = await serve("127.0.0.1", 0, () => {});
  const other = exampleBox(home, { network: "passt", ports: [`${taken.port}:80`] });
  await expect(other.boot()).rejects.toMatchObject({
    code: "NETWORK_UNENFORCEABLE",
    message: expect.stringContaining(String(taken.port)),
  });
  vi.stubEnv("PATH", "/nonexistent");
  const runtime = createRuntime({ home });
  await expect(runtime.boxes.run(exampleConfig({ network: "passt" }))).rejects.toMatchObject({
    code: "NETWORK_UNENFORCEABLE",
    hint: expect.stringContaining("Install passt"),
  });
  expect(await runtime.boxes.list()).toEqual([]);
});

test("a box whose VM is killed has its network again at its next start, and leaves no passt behind", async () => {
  const own = await passts();
  const runtime = createRuntime({ home });
  await using box = await runtime.boxes.run(exampleConfig({ network: "passt", command: ["sleep", "1000"] }));
  const [passt] = (await passts()).filter((pid) => !own.includes(pid));
  const { pid } = await box.inspect();
  const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8"))
    .trim()
    .split(" ")
    .filter((one) => one !== passt);
  const ended = box.wait();
  process.kill(Number(child), "SIGKILL");
  await ended;
  expect(await passts()).toEqual(own);
  await box.start();
  const [again] = (await passts()).filter((one) => !own.includes(one));
  for await (const { network } of box.stats()) {
    expect(network?.sentBytes).toBeGreaterThanOrEqual(0);
    break;
  }
  // A monitor that is killed takes the VM with it, whose end is the program's.
  const { pid: monitor } = await box.inspect();
  process.kill(Number(monitor), "SIGKILL");
  await waitForExit(Number(again), 20_000);
  await box.remove({ force: true });
});
