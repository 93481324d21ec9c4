import { describe, expect, test } from "vitest";
import { StartFailed } from "../failure.ts";
import { Measures, unsupportedMeasures, wantedMeasures } from "./measures.ts";
import { planNamespaces } from "./namespaces.ts";
import { placesOfHost } from "./places.ts";

const none = { mode: "best-effort", readOnly: [], tree: [], network: "isolated", limits: null } as const;
const limits = { memoryMib: 1, cpuMillis: null, pids: null };

/** What a start is refused with. */
function failureOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof StartFailed) return error.failure;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("without a tree", () => {
  const entry = (at: string, path: string | null, readOnly = false) => ({ at, path, readOnly });

  test("everything is where the host has it", () => {
    const tree = [entry("/sockets/1", "/run/one"), entry("/sockets/10", "/run/ten"), entry("/shares/1", null)];
    const places = placesOfHost({ ...none, readOnly: [], tree });
    expect(places("/sockets/1")).toBe("/run/one");
    expect(places("/sockets/10/agent.sock")).toBe("/run/ten/agent.sock");
    expect(failureOf(() => places("/shares/1"))).toMatchObject({ stage: "spec", what: "/shares/1" });
    expect(failureOf(() => places("/sockets/2"))).toMatchObject({ stage: "spec", what: "/sockets/2" });
  });

  test("whoever has something read-only is refused", () => {
    const refused = { stage: "jail", what: "/srv read-only, without a mount namespace", errno: 1 };
    expect(failureOf(() => placesOfHost({ ...none, readOnly: ["/srv"], tree: [] }))).toMatchObject(refused);
    const tree = [entry("/shares/0", "/srv", true)];
    expect(failureOf(() => placesOfHost({ ...none, readOnly: [], tree }))).toMatchObject(refused);
  });
});

test("measures are wanted as the start asks for them", () => {
  const all = wantedMeasures({ ...none, readOnly: [], tree: [], limits });
  expect(all).toHaveLength(11);
  expect(all[0]).toBe("cgroup");
  const fewer = wantedMeasures({ ...none, readOnly: [], tree: [], network: "host" });
  expect(fewer).toEqual(all.filter((measure) => measure !== "cgroup" && measure !== "network-namespace"));
});

test("what Node.js cannot do is told with its reason, and root has no user namespace", () => {
  const unsupported = ["cgroup", "few-capabilities"];
  expect(Object.keys(unsupportedMeasures(1000))).toEqual(unsupported);
  expect(Object.keys(unsupportedMeasures(0))).toEqual([...unsupported, "user-namespace"]);
  expect(Object.keys(unsupportedMeasures(1000, "riscv64"))).toEqual([...unsupported, "system-call-filter"]);
  expect(planNamespaces("isolated", 1000)).toEqual({
    flags: ["--user", "--map-root-user", "--mount", "--propagation", "private", "--ipc", "--uts", "--net"],
    measures: ["user-namespace", "mount-namespace", "ipc-namespace", "uts-namespace", "network-namespace"],
  });
  expect(planNamespaces("host", 0)).toEqual({
    flags: ["--mount", "--propagation", "private", "--ipc", "--uts"],
    measures: ["mount-namespace", "ipc-namespace", "uts-namespace"],
  });
});

describe("a measure that fails", () => {
  const refuse = () => {
    throw Object.assign(new Error("no"), { errno: -1 });
  };

  test("ends the start when it is required, and is named", () => {
    const measures = new Measures("required", [], {});
    expect(failureOf(() => measures.take("private-tree", refuse))).toMatchObject({ what: "private-tree", errno: 1 });
  });

  test("is not in force at best effort, and said", () => {
    const measures = new Measures("best-effort", ["no-new-privileges"], { cgroup: "why" });
    expect(measures.take("private-tree", refuse)).toBe(false);
    expect(measures.take("resource-limits", () => {})).toBe(true);
    expect(measures.inForce).toEqual(["resource-limits", "no-new-privileges"]);
    expect(measures.missing).toEqual([
      "the jail is without its cgroup: why",
      "the jail is without its private-tree: Operation not permitted (os error 1)",
    ]);
  });
});
