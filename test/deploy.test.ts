// The files of deploy/: what they start is what Gradpool has, and what they name is there.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { root } from './docs/blocks.js'
import { checkCommand, commandsIn } from './docs/shell.js'

const textOf = (name: string) => readFileSync(join(root, 'deploy', name), 'utf8')

/** Each value of a key, wherever it is. */
function valuesOf(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, its]: [string, unknown]) => [
    ...(name === key ? [its] : []),
    ...valuesOf(its, key),
  ])
}

const documentsOf = (name: string): unknown[] =>
  parseAllDocuments(textOf(name), { strict: true, uniqueKeys: true }).map((document) => {
    expect(document.errors).toEqual([])
    return document.toJS() as unknown
  })

/** Arguments of containers, whose program is `gradpool`. */
function argumentsIn(name: string, key: string): string[][] {
  const lists = documentsOf(name).flatMap((document) => valuesOf(document, key))
  return lists.filter(
    (list): list is string[] => Array.isArray(list) && ['worker', 'queue', 'run'].includes(String(list[0])),
  )
}

const dockerfile = textOf('Dockerfile')
const instructions = dockerfile
  .replace(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '')

test('what containers start are commands and options of ours', async () => {
  const started = [
    ...argumentsIn('compose.yaml', 'command'),
    ...argumentsIn('kubernetes.yaml', 'args'),
    ...instructions.flatMap((line) => (line.startsWith('CMD ') ? [JSON.parse(line.slice(4)) as string[]] : [])),
  ]
  expect(started.map(([command]) => command).sort()).toEqual(['queue', 'worker', 'worker', 'worker'])
  for (const words of started) await checkCommand(['gradpool', ...words])
  await expect(checkCommand(['gradpool', 'worker', '--no-such-option'])).rejects.toThrow()
})

test('the script for Slurm starts a worker, and is one that Bash reads', async () => {
  execFileSync('bash', ['-n', join(root, 'deploy', 'slurm.sh')])
  const line = textOf('slurm.sh')
    .split('\n')
    .find((each) => each.startsWith('exec srun '))
  // In the place of what Slurm says.
  const [words = []] = commandsIn(line?.replace('exec srun ', '').replace('$SLURM_CPUS_PER_TASK', '8') ?? '')
  expect(words.slice(0, 3)).toEqual(['npx', 'gradpool', 'worker'])
  await checkCommand(words)
})

test('the image is of stages that are there, has this version, and runs as nobody of note', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  expect(instructions).toContain(`ARG VERSION=${version}`)
  expect(textOf('kubernetes.yaml')).toContain(`/gradpool:${version}`)
  const known = /^(ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|RUN|USER|WORKDIR) /
  expect(instructions.filter((line) => !known.test(line))).toEqual([])
  const stages = instructions.flatMap((line) => / AS (\w+)$/.exec(line)?.[1] ?? [])
  const copied = instructions.flatMap((line) => /--from=(\w+)/.exec(line)?.[1] ?? [])
  expect(copied).toEqual(stages)
  expect(instructions.filter((line) => line.startsWith('USER '))).toEqual(['USER 1000'])
  expect(instructions).toContain('ENTRYPOINT ["gradpool"]')
})

test('probes ask for what a worker answers, where it answers', () => {
  const [deployment] = documentsOf('kubernetes.yaml').filter((it) => valuesOf(it, 'kind')[0] === 'Deployment')
  const paths = valuesOf(deployment, 'path')
  expect(paths).toEqual(['/livez', '/readyz'])
  const server = readFileSync(join(root, 'packages/queue/src/metrics/metrics-server.ts'), 'utf8')
  for (const path of [...paths, '/livez']) expect(server).toContain(`get('${String(path)}'`)
  expect(valuesOf(deployment, 'containerPort')).toEqual([9100])
  expect(valuesOf(deployment, 'args').flat()).toContain('0.0.0.0:9100')
  expect(dockerfile).toContain("fetch('http://127.0.0.1:9100/livez')")
  // What Kubernetes and KEDA name is in the same file.
  const secrets = documentsOf('kubernetes.yaml').flatMap((it) => valuesOf(it, 'secretKeyRef'))
  expect(secrets).toEqual([{ name: 'gradpool', key: 'queue' }])
})

test('services of the compose file wait for what is there, and build what is there', () => {
  const [file] = documentsOf('compose.yaml') as { services: Record<string, Record<string, unknown>>; volumes: object }[]
  const { services = {}, volumes = {} } = file ?? {}
  const names = Object.keys(services)
  for (const service of Object.values(services)) {
    expect(names).toEqual(expect.arrayContaining(Object.keys(service.depends_on ?? {})))
    const [context = service.build] = valuesOf(service.build, 'context')
    if (typeof context === 'string') expect(existsSync(join(root, 'deploy', context, 'Dockerfile'))).toBe(true)
    for (const volume of (service.volumes ?? []) as string[]) {
      const [from = ''] = volume.split(':')
      expect(from.startsWith('./') || from in volumes, volume).toBe(true)
    }
  }
})
