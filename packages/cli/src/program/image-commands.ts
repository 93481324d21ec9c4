import { type Command, Option } from "commander";
import { withExamples } from "./examples.ts";
import { INSECURE_REGISTRY, JSON_OUTPUT } from "./option-values.ts";

const PLATFORM = ["--platform <os/arch[/variant]>", "platform of the image; this machine's guests by default"] as const;
const QUIET = ["-q, --quiet", "no progress"] as const;

/** Commands about images: named, and with flags, as docker has them. */
export function addImageCommands(program: Command): void {
  addTransfers(program);
  addArchives(program);
  addNames(program);
  const image = program.command("image").description("more about images");
  withExamples(
    image
      .command("inspect")
      .description("print all that is known of images, as JSON")
      .argument("<image...>", "images of the store")
      .action(async (images: readonly string[]) =>
        (await import("../commands/image/inspect.ts")).inspectImages(images),
      ),
    "a3s-box image inspect alpine:3.22 | jq '.[].manifests[].config.entrypoint'",
  );
  withExamples(
    image
      .command("prune")
      .description("remove images, and root directories made of them, that no box has")
      .option(...JSON_OUTPUT)
      .action(async (options) => (await import("../commands/image/prune.ts")).pruneImages(options)),
    "a3s-box image prune",
  );
}

function addTransfers(program: Command): void {
  withExamples(
    program
      .command("pull")
      .description("bring an image into the store")
      .argument("<image>", "image reference, or oci:, oci-archive:, docker-archive:/path[:tag]")
      .option(...PLATFORM)
      .option(...QUIET)
      .option(...INSECURE_REGISTRY)
      .option(...JSON_OUTPUT)
      .action(async (image: string, options) => (await import("../commands/image/pull.ts")).pullImage(image, options)),
    "a3s-box pull alpine:3.22",
    "a3s-box pull --platform linux/arm64 alpine:3.22",
    "a3s-box pull oci-archive:images.tar:latest",
  );
  withExamples(
    program
      .command("push")
      .description("copy an image to a registry, or to files")
      .argument("<image>", "image of the store")
      .argument("[target]", "where it goes, if not where its name says")
      .option(...PLATFORM)
      .option(...QUIET)
      .option(...INSECURE_REGISTRY)
      .option(...JSON_OUTPUT)
      .action(async (image: string, target: string | undefined, options) =>
        (await import("../commands/image/push.ts")).pushImage(image, target, options),
      ),
    "a3s-box push registry.example.com/team/app:1",
    "a3s-box push alpine:3.22 registry.example.com/alpine:3.22",
  );
}

function addArchives(program: Command): void {
  withExamples(
    program
      .command("save")
      .description("write images into an archive that docker and podman load")
      .argument("<image...>", "images of the store")
      .requiredOption("-o, --output <file>", "file to write")
      .addOption(
        new Option("--format <format>", "kind of archive; oci is a directory")
          .choices(["docker-archive", "oci-archive", "oci"])
          .default("docker-archive"),
      )
      .option(...PLATFORM)
      .option(...QUIET)
      .action(async (images: readonly string[], options) =>
        (await import("../commands/image/save.ts")).saveImages(images, options),
      ),
    "a3s-box save -o images.tar alpine:3.22 redis:7",
    "a3s-box save --format oci -o layout alpine:3.22",
  );
  withExamples(
    program
      .command("load")
      .description("bring in the images of an archive, plain or packed, or of a layout")
      .option("-i, --input <path>", "file or directory; standard input by default")
      .option(...PLATFORM)
      .option(...QUIET)
      .option(...JSON_OUTPUT)
      .action(async (options) => (await import("../commands/image/load.ts")).loadImages(options)),
    "a3s-box load -i images.tar",
    "docker save alpine:3.22 | a3s-box load",
  );
}

function addNames(program: Command): void {
  withExamples(
    program
      .command("images")
      .description("list the images of the store")
      .option("-q, --quiet", "names only")
      .option(...JSON_OUTPUT)
      .action(async (options) => (await import("../commands/image/list.ts")).listImages(options)),
    "a3s-box images",
    "a3s-box rmi $(a3s-box images -q)",
  );
  withExamples(
    program
      .command("rmi")
      .description("forget names of images, and remove what nothing else needs")
      .argument("<image...>", "images of the store")
      .action(async (images: readonly string[]) => (await import("../commands/image/remove.ts")).removeImages(images)),
    "a3s-box rmi alpine:3.22",
  );
  withExamples(
    program
      .command("tag")
      .description("give an image another name")
      .argument("<source>", "image of the store")
      .argument("<target>", "its new name")
      .action(async (source: string, target: string) =>
        (await import("../commands/image/tag.ts")).tagImage(source, target),
      ),
    "a3s-box tag alpine:3.22 registry.example.com/team/base:1",
  );
}
