/** The folder for what was fetched or compiled and can be again: outside node_modules, so that it stays. */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The environment variable GRADPOOL_CACHE, else the system's folder for caches. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.GRADPOOL_CACHE) return env.GRADPOOL_CACHE
  const { platform } = process
  if (platform === 'win32') {
    return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'gradpool')
  }
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'gradpool')
  return join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gradpool')
}
