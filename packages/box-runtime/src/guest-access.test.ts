import { type BoxConfig, parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import type { BootedBox } from "./boot/boot-box.ts";
import { GuestAccess } from "./guest-access.ts";

/** A box that is up, and whose image names no command. */
class BareBox extends GuestAccess {
  readonly config: BoxConfig = parseBoxConfig({ image: "a" });

  protected override booted(): BootedBox {
    const config = { entrypoint: [], cmd: [], env: [], workingDir: "/", user: "" };
    return { image: { config } } as unknown as BootedBox;
  }
}

test("an image without a command needs one, and says so", () => {
  expect(() => new BareBox(undefined).run()).toThrow(
    expect.objectContaining({ code: "COMMAND_MISSING", hint: expect.any(String) }),
  );
});
