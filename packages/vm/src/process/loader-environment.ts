/** The VM process gets an empty environment; vm-host itself needs no more than the loader does. */
export function loaderEnvironment(): NodeJS.ProcessEnv {
  const path = process.env["LD_LIBRARY_PATH"];
  return path === undefined ? {} : { LD_LIBRARY_PATH: path };
}
