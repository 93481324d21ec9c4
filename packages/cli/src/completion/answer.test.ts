import { expect, test } from "vitest";
import { formatAnswer } from "./answer.ts";

const plan = { prefix: "", word: "", candidates: [], files: false };
const named = (...values: string[]) => values.map((value) => ({ value, description: "image" }));

test("what begins with the word is a line with its description", () => {
  const candidates = [
    { value: "run", description: "boot\tan\nimage" },
    { value: "rmi", description: "forget" },
  ];
  expect(formatAnswer({ ...plan, word: "ru", candidates }, [])).toBe("run\tboot an image\n");
});

test("the value of --flag=value comes with its flag", () => {
  expect(formatAnswer({ ...plan, prefix: "--format=", word: "oci" }, named("oci"))).toBe("--format=oci\timage\n");
});

test("bash gets only what stands behind the last character at which it cuts", () => {
  const names = named("example.com:80/app:1");
  expect(formatAnswer({ ...plan, word: "ex" }, names, ":=")).toBe("example.com:80/app:1\timage\n");
  expect(formatAnswer({ ...plan, word: "example.com:8" }, names, ":=")).toBe("80/app:1\timage\n");
  expect(formatAnswer({ ...plan, word: "example.com:80/app:" }, names, " :")).toBe("1\timage\n");
  expect(formatAnswer({ ...plan, word: "example.com:80/app:" }, names, "=")).toBe("example.com:80/app:1\timage\n");
  expect(formatAnswer({ ...plan, prefix: "--format=", word: "oci" }, named("oci"), ":=")).toBe("oci\timage\n");
});

test("a name with a suffix goes on, and paths are left to the shell", () => {
  expect(formatAnswer({ ...plan, nameSuffix: ":", files: true }, named("data"))).toBe(
    "data:\timage\n:nospace\n:files\n",
  );
  expect(formatAnswer({ ...plan, files: true }, [])).toBe(":files\n");
});

test.each(["$(reboot)", "a b", "`id`", "a;b", "a\nb", "a'b", ""])(
  "%j is not offered: a shell would read more",
  (value) => {
    expect(formatAnswer(plan, named(value))).toBe("");
  },
);
