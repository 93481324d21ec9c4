import fc from "fast-check";
import { expect, test } from "vitest";
import { OciError } from "../errors/oci-error.ts";
import { formatReference, parseReference } from "./reference.ts";

const sha256 = `sha256:${"a".repeat(64)}` as const;
const sha512 = `sha512:${"0".repeat(128)}` as const;

test.each([
  ["redis", "docker.io/library/redis:latest"],
  ["redis:7", "docker.io/library/redis:7"],
  ["node:20", "docker.io/library/node:20"],
  ["redis:5000", "docker.io/library/redis:5000"],
  ["localhost:5000", "docker.io/library/localhost:5000"],
  ["docker.io", "docker.io/library/docker.io:latest"],
  ["library/redis", "docker.io/library/redis:latest"],
  ["docker.io/redis", "docker.io/library/redis:latest"],
  ["docker.io/library/redis", "docker.io/library/redis:latest"],
  ["index.docker.io/redis", "docker.io/library/redis:latest"],
  ["index.docker.io/user/app:1", "docker.io/user/app:1"],
  ["user/app", "docker.io/user/app:latest"],
  ["a/b/c/d", "docker.io/a/b/c/d:latest"],
  ["localhost/app", "localhost/app:latest"],
  ["localhost:5000/app", "localhost:5000/app:latest"],
  ["localhost:5000/app:1.2", "localhost:5000/app:1.2"],
  ["LOCALHOST/app", "LOCALHOST/app:latest"],
  ["Uppercase/lower:tag", "Uppercase/lower:tag"],
  ["ghcr.io/owner/name:v1", "ghcr.io/owner/name:v1"],
  ["test.com:tag", "docker.io/library/test.com:tag"],
  ["test:5000/repo", "test:5000/repo:latest"],
  ["xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com"],
  ["192.168.1.1:8080/app:x", "192.168.1.1:8080/app:x"],
  ["[2001:db8::1]/repo", "[2001:db8::1]/repo:latest"],
  ["[2001:db8:3:4::192.0]/repo", undefined],
  ["[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000/repo:tag"],
  ["[fe80::1%eth0]/repo", undefined],
  ["a__b", "docker.io/library/a__b:latest"],
  ["a---b", "docker.io/library/a---b:latest"],
  ["foo_bar.com:8080", "docker.io/library/foo_bar.com:8080"],
  ["foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080"],
  ["aa/asdf$$^/aa", undefined],
  ["a:_T.a-9", "docker.io/library/a:_T.a-9"],
  [`redis@${sha256}`, `docker.io/library/redis@${sha256}`],
  [`redis:7@${sha256}`, `docker.io/library/redis:7@${sha256}`],
  [`test:5000/repo@${sha512}`, `test:5000/repo@${sha512}`],
  [`b.gcr.io/x/y:${"t".repeat(128)}`, `b.gcr.io/x/y:${"t".repeat(128)}`],
  ["a".repeat(63), `docker.io/library/${"a".repeat(63)}:latest`],
  [`x.io/${"a".repeat(255)}`, `x.io/${"a".repeat(255)}:latest`],
  [`user/${"a".repeat(64)}`, `docker.io/user/${"a".repeat(64)}:latest`],
])("%s", (input, expected) => {
  if (expected === undefined) expect(() => parseReference(input)).toThrow(OciError);
  else expect(formatReference(parseReference(input))).toBe(expected);
});

test.each([
  ["", "reference", "", 0],
  ["https://docker.io/redis", "reference", "https://", 0],
  [":tag", "repository", "", 0],
  ["@sha256:ff", "digest", "sha256:ff", 1],
  ["Redis", "repository", "Redis", 0],
  ["user/Redis", "repository", "Redis", 5],
  ["localhost:5000/Redis:7", "repository", "Redis", 15],
  ["a//b", "repository", "", 2],
  ["a/b/", "repository", "", 4],
  ["-a", "repository", "-a", 0],
  ["a..b", "repository", "a..b", 0],
  ["a___b", "repository", "a___b", 0],
  ["a.-b/c", "registry", "a.-b", 0],
  ["../etc/passwd", "registry", "..", 0],
  ["a/../b", "repository", "..", 2],
  ["redis:", "tag", "", 6],
  ["redis:-1", "tag", "-1", 6],
  ["redis:a b", "tag", "a b", 6],
  [`redis:${"t".repeat(129)}`, "tag", "t".repeat(129), 6],
  ["redis:7:8", "repository", "redis:7", 0],
  ["host:port/app", "registry", "host:port", 0],
  ["host:99999/app", "registry", "host:99999", 0],
  ["[::1/app", "registry", "[::1", 0],
  ["256.1.1.1/app", "registry", "256.1.1.1", 0],
  ["redis@", "digest", "", 6],
  ["redis@sha256:abc", "digest", "sha256:abc", 6],
  [`redis@md5:${"a".repeat(32)}`, "digest", `md5:${"a".repeat(32)}`, 6],
  [`redis@${sha256.toUpperCase()}`, "digest", sha256.toUpperCase(), 6],
  [`redis@${sha256}@${sha256}`, "digest", `${sha256}@${sha256}`, 6],
  ["a".repeat(64), "repository", "a".repeat(64), 0],
  [`x.io/${"a".repeat(256)}`, "repository", "a".repeat(256), 5],
  ["a".repeat(248), "repository", "a".repeat(248), 0],
  ["redis\n", "repository", "redis\n", 0],
  ["redis:7\n", "tag", "7\n", 6],
  [" redis", "repository", " redis", 0],
])("%j is refused at its %s part", (input, part, value, offset) => {
  try {
    parseReference(input);
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ code: "REFERENCE_INVALID", details: { input, part, value, offset } });
    expect(input.slice(offset, offset + value.length)).toBe(value);
  }
});

const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:(?:[._]|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
const registry = fc.constantFrom("docker.io", "localhost", "localhost:5000", "ghcr.io", "[::1]:443", "10.0.0.1:80");
const reference = fc.record(
  {
    registry,
    repository: fc.array(component, { minLength: 2, maxLength: 4 }).map((parts) => parts.join("/")),
    tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/),
    digest: fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}` as const),
  },
  { requiredKeys: ["registry", "repository", "tag"] },
);

test("formatting and parsing are inverse", () => {
  fc.assert(
    fc.property(reference, (value) => {
      expect(parseReference(formatReference(value))).toEqual(value);
    }),
  );
});

test("any text is either refused with the one code, or has a spelling that stays the same and holds no path trick", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(..."aA0.-_/:@[]% ".split(""), "sha256:", "..", "docker.io/"), maxLength: 40 }),
  );
  fc.assert(
    fc.property(text, (input) => {
      try {
        const once = formatReference(parseReference(input));
        expect(formatReference(parseReference(once))).toBe(once);
        expect(once).not.toMatch(/\.\.\/|\/\.\.|\/\/|\s|\0/);
      } catch (error) {
        expect(error).toMatchObject({ code: "REFERENCE_INVALID" });
      }
    }),
    { numRuns: 2000 },
  );
});

test("an address with a password is refused without repeating it", () => {
  const parse = () => parseReference("https://user:p@hunter2@ghcr.io/owner/name");
  expect(parse).toThrow(/^"https:\/\/…@ghcr.io\/owner\/name" is not an image reference/);
  const details = { input: "https://…@ghcr.io/owner/name", part: "reference", value: "https://", offset: 0 };
  expect(parse).toThrow(expect.objectContaining({ details }));
});
