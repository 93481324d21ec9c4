import { describe, expect, test } from "vitest";
import { JAIL_MEASURES } from "../src/process/jail.ts";
import { executors, runVmHost } from "./executors.ts";

/** What a program finds out about the machine. */
describe.each(executors)("$name, the probe", (host) => {
  test("says what /dev/kvm is worth, and which measures of the jail cannot be had", async () => {
    const said = JSON.parse(await runVmHost(host, "probe"));
    // Only who runs a guest can tell these two apart.
    const tried = host.runsProbeGuest ? ["ok", "unusable"] : ["unknown"];
    expect(["missing", "denied", ...tried]).toContain(said.kvm);
    const lacking = said.jail.map((sentence: string) => /is without its ([\w-]+)/.exec(sentence)?.[1]);
    // A cgroup is only taken where there are limits.
    const others = JAIL_MEASURES.filter((measure) => measure !== "cgroup" && !host.measures.includes(measure));
    expect(lacking.toSorted()).toEqual(others.toSorted());
  });

  test("takes no other command", async () => {
    await expect(runVmHost(host, "walk")).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/^usage: /),
    });
  });
});
