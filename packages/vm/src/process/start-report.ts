import * as v from "valibot";

const report = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ event: v.literal("starting"), pid: v.pipe(v.number(), v.integer(), v.minValue(2)) }),
);

/** The pid of the VM process, out of the line that vm-host writes when it starts the guest; undefined when it is another line. */
export function readStartReport(line: string): number | undefined {
  const result = v.safeParse(report, line);
  return result.success ? result.output.pid : undefined;
}
