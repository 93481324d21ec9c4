import { expect, test } from "vitest";
import { paxNumber, paxTime, paxXattrs, readPaxRecords } from "./pax.ts";

const records = (text: string) => readPaxRecords(Buffer.from(text, "latin1"));
const text = (body: string) =>
  Object.fromEntries([...records(body)].map(([key, value]) => [key, value.toString("latin1")]));

test("the length says where a record ends, not a line feed", () => {
  // A reader of lines would find a second path in the value of the first record.
  expect(text("31 SCHILY.xattr.user.a=\n9 path=b\n".replace("31", "33"))).toEqual({
    "SCHILY.xattr.user.a": "\n9 path=b",
  });
});

test("values hold any byte, the last record of a keyword counts, and empty bodies hold none", () => {
  expect(text("12 k=\0\xff\n=\n\n".replace("12", "11"))).toEqual({ k: "\0\xff\n=\n" });
  expect(text("8 a=xyz\n6 a=x\n")).toEqual({ a: "x" });
  expect(text("")).toEqual({});
});

test.each([
  ["a length beyond the body", "20 path=x\n"],
  ["a length that is too short", "5 path=x\n"],
  ["no length", "path=x\n"],
  ["a length with a sign", "+10 path=x\n"],
  ["a length with a leading zero", "010 path=x\n"],
  ["no equals sign", "8 pathx\n"],
  ["no keyword", "5 =x\n"],
  ["no line feed at the end", "9 path=xx"],
  ["zeros after the last record", "9 path=x\n\0\0\0"],
  ["a NUL in a path", "11 path=x\0y\n"],
  ["a NUL in a keyword", "7 k\0=x\n"],
])("%s is refused", (_, body) => {
  expect(() => records(body)).toThrow(expect.objectContaining({ code: "LAYER_INVALID" }));
});

test.each([
  ["mtime=1", { sec: 1, nsec: 0 }],
  ["mtime=1.5", { sec: 1, nsec: 500_000_000 }],
  ["mtime=1.1234567899", { sec: 1, nsec: 123_456_789 }],
  ["mtime=1.", { sec: 1, nsec: 0 }],
  ["mtime=-1.25", { sec: -2, nsec: 750_000_000 }],
  ["mtime=-3", { sec: -3, nsec: 0 }],
])("%s", (record, time) => {
  const body = ` ${record}\n`;
  expect(paxTime(records(`${body.length + (body.length > 8 ? 2 : 1)}${body}`), "mtime")).toEqual(time);
});

test("an empty value leaves the header's field, and other than numbers are refused", () => {
  expect(paxNumber(records("8 size=\n"), "size")).toBeUndefined();
  for (const body of ["10 size=-1\n", "11 size=0x1\n", "25 size=9007199254740993\n"]) {
    expect(() => paxNumber(records(body), "size")).toThrow(expect.objectContaining({ code: "LAYER_INVALID" }));
  }
});

test("extended attributes are copies", () => {
  const body = Buffer.from("25 SCHILY.xattr.user.a=v\n");
  const xattrs = paxXattrs(readPaxRecords(body));
  body.fill(0);
  expect(xattrs).toEqual(new Map([["user.a", Uint8Array.of(0x76)]]));
});
