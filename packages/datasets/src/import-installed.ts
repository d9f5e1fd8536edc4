/**
 * A package that is optional, where it is installed. Its name is no literal in `import`, so bundlers do not look for
 * it: most of these packages have native code, which no bundle holds.
 *
 * @returns what the package exports, which its caller knows. @throws what Node throws where it is not installed
 */
export function importInstalled(name: string): Promise<unknown> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name)
}
