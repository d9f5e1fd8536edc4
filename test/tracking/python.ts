/** Python with MLflow and TensorBoard, from PyPI once, into the cache folder. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fromPyPI, NotToBeHad } from '../servers/fetched.js'

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))

/** The variables of a process of `python3` that has them. @throws NotToBeHad */
export async function pythonVariables(): Promise<Readonly<Record<string, string>>> {
  try {
    const { HOME = '' } = process.env
    return { HOME, PYTHONPATH: await fromPyPI('tracking', requirements), PYTHONDONTWRITEBYTECODE: '1' }
  } catch (error) {
    throw new NotToBeHad('MLflow with TensorBoard', 'npm run test:tracking', error)
  }
}

/** What a program in Python prints, as JSON. */
export async function printedBy(program: string, args: readonly string[]): Promise<unknown> {
  const env = { ...process.env, ...(await pythonVariables()) }
  const { stdout } = await promisify(execFile)('python3', [program, ...args], { env, maxBuffer: 2 ** 26 })
  return JSON.parse(stdout)
}
