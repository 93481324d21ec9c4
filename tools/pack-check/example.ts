/** A program in a README that is run as it stands. */
export interface Example {
  readonly code: string;
  /** It boots a VM. */
  readonly vm: boolean;
}

/** The fenced blocks of a Markdown text whose info string is `ts run` or `ts run vm`. */
export function findExamples(markdown: string): Example[] {
  const blocks = markdown.matchAll(/^```ts run( vm)?[ \t]*\n(.*?)^```[ \t]*$/gms);
  return [...blocks].map(([, vm, code = ""]) => ({ code, vm: vm !== undefined }));
}
