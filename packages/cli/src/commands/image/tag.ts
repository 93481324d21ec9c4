import { createRuntime } from "@a3s/box-runtime";

/** `a3s-box tag` */
export async function tagImage(source: string, target: string): Promise<void> {
  await createRuntime().images.tag(source, target);
}
