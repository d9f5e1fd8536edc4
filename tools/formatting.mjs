// Checks that files are as Prettier writes them. oxfmt, which writes nearly all of them the same in a fiftieth of the
// time, says which may not be, and Prettier judges those; of all files it is asked in `npm run test:lint`.
//
//   node tools/formatting.mjs
import { spawnSync } from 'node:child_process'
import { environment, root, tool } from './environment.mjs'

function run(name, args, stdout) {
  const stdio = ['ignore', stdout, 'inherit']
  return spawnSync(process.execPath, [tool(name), ...args], { cwd: root, env: environment, encoding: 'utf8', stdio })
}

const listed = run('oxfmt', ['--config', '.prettierrc.json', '--list-different', '.'], 'pipe')
const others = listed.stdout.split('\n').filter((path) => path !== '')
if (others.length === 0) process.exitCode = listed.status ?? 1
else process.exitCode = run('prettier', ['--check', '--log-level=warn', ...others], 'inherit').status ?? 1
