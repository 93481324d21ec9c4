import type { Command } from "commander";
import { INSECURE_REGISTRY, JSON_OUTPUT } from "./option-values.ts";

const PLATFORM = ["--platform <os/arch[/variant]>", "platform of the image; this machine's guests by default"] as const;
const QUIET = ["-q, --quiet", "no progress"] as const;

/** Commands about images: named, and with flags, as docker has them. */
export function addImageCommands(program: Command): void {
  program
    .command("pull")
    .description("bring an image into the store")
    .argument("<image>", "image reference, or oci:, oci-archive:, docker-archive:/path[:tag]")
    .option(...PLATFORM)
    .option(...QUIET)
    .option(...INSECURE_REGISTRY)
    .option(...JSON_OUTPUT)
    .addHelpText("after", "\nExample:\n  a3s-box pull --platform linux/arm64 alpine:3.22")
    .action(async (image: string, options) => (await import("../commands/image/pull.ts")).pullImage(image, options));

  program
    .command("push")
    .description("copy an image to a registry, or to files")
    .argument("<image>", "image of the store")
    .argument("[target]", "where it goes, if not where its name says")
    .option(...PLATFORM)
    .option(...QUIET)
    .option(...INSECURE_REGISTRY)
    .option(...JSON_OUTPUT)
    .addHelpText("after", "\nExample:\n  a3s-box push alpine:3.22 registry.example.com/alpine:3.22")
    .action(async (image: string, target: string | undefined, options) =>
      (await import("../commands/image/push.ts")).pushImage(image, target, options),
    );

  program
    .command("images")
    .description("list the images of the store")
    .option("-q, --quiet", "names only")
    .option(...JSON_OUTPUT)
    .action(async (options) => (await import("../commands/image/list.ts")).listImages(options));

  program
    .command("rmi")
    .description("forget names of images, and remove what nothing else needs")
    .argument("<image...>", "images of the store")
    .action(async (images: readonly string[]) => (await import("../commands/image/remove.ts")).removeImages(images));

  program
    .command("tag")
    .description("give an image another name")
    .argument("<source>", "image of the store")
    .argument("<target>", "its new name")
    .action(async (source: string, target: string) =>
      (await import("../commands/image/tag.ts")).tagImage(source, target),
    );

  program
    .command("save")
    .description("write images into an archive that docker and podman load")
    .argument("<image...>", "images of the store")
    .requiredOption("-o, --output <file>", "file to write")
    .option("--format <format>", "docker-archive, oci-archive, or oci for a directory", "docker-archive")
    .option(...PLATFORM)
    .option(...QUIET)
    .addHelpText("after", "\nExample:\n  a3s-box save -o images.tar alpine:3.22 redis:7")
    .action(async (images: readonly string[], options) =>
      (await import("../commands/image/save.ts")).saveImages(images, options),
    );

  program
    .command("load")
    .description("bring in the images of an archive, plain or packed, or of a layout")
    .option("-i, --input <path>", "file or directory; standard input by default")
    .option(...PLATFORM)
    .option(...QUIET)
    .option(...JSON_OUTPUT)
    .addHelpText("after", "\nExample:\n  docker save alpine:3.22 | a3s-box load")
    .action(async (options) => (await import("../commands/image/load.ts")).loadImages(options));

  const image = program.command("image").description("more about images");
  image
    .command("inspect")
    .description("print all that is known of images, as JSON")
    .argument("<image...>", "images of the store")
    .action(async (images: readonly string[]) => (await import("../commands/image/inspect.ts")).inspectImages(images));
  image
    .command("prune")
    .description("remove images, and root directories made of them, that no running box has")
    .option(...JSON_OUTPUT)
    .action(async (options) => (await import("../commands/image/prune.ts")).pruneImages(options));
}
